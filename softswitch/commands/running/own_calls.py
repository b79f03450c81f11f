"""Which calls concern a user: all of them; of an application those of its own extensions."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.guard.rights import User
from softswitch.store.call_history import CallRecord


def concerns(call: Call, user: User) -> bool:
    """Whether a call that is up concerns a user.

    A party at a trunk is nobody's extension, whatever number it shows.
    """
    ours = (party.number for party in call.parties if not party.trunk)
    return user.owns(call.dialled, *ours)


def record_concerns(record: CallRecord, user: User) -> bool:
    """Whether a record of the history concerns a user; a source of a trunk is its name."""
    return user.owns(record.source, record.destination, record.dialed)
