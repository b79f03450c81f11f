"""The errors of the store: one family of exceptions."""

from __future__ import annotations


class StoreError(Exception):
    """The database could not do what was asked; nothing may be acknowledged."""


class DatabaseAway(StoreError):
    """The database as a whole refuses or does not answer: what it was asked may be asked again."""


class DatabaseTaken(StoreError):
    """Another switch uses the database; this one may not write to it any more."""


class JournalFull(DatabaseAway):
    """More writes are waiting than the journal may hold: the disk is slower than the load."""


class JournalClosed(StoreError):
    """The journal takes no more writes."""
