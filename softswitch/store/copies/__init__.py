"""Copies of the whole database, for backups; needs no open store, and imports little.

database_copies  makes one while the switch writes, and lets a database be what one says
"""
