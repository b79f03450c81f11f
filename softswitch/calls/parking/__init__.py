"""Parking: a call waits with music in a lot, and whoever dials the lot talks to it.

parking   serves the numbers of the lots: parks, announces, retrieves, gives back
parked    a call that is parked

What is transferred blindly to a lot comes by the inside line as a call of its own, which plays the
music; to retrieve it is an attended transfer. So a parked call is nothing but a call, and the lots
live in memory: no call survives a restart of the switch, and no lot is taken after one.
"""
