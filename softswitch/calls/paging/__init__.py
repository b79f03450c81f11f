"""Paging: one speaks, and many phones answer by themselves and listen.

paging       serves the numbers of paging
paged_calls  one announcement: the calls to its members, and the room in which they hear it
"""
