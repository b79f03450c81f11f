"""The errors of the store: one family of exceptions."""

from __future__ import annotations


class StoreError(Exception):
    """The database could not do what was asked; nothing may be acknowledged."""


class JournalFull(StoreError):
    """More writes are waiting than the journal may hold: the disk is slower than the load."""


class JournalClosed(StoreError):
    """The journal takes no more writes."""
