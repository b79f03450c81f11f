"""Paging: one speaks, and many phones answer by themselves and listen.

paging        serves the numbers of paging
announcement  one announcement: the calls to its members, and the room in which they hear it
"""
