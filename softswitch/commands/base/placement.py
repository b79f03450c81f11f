"""Where a command may stand, and which call it needs (API reference, section 5)."""

from __future__ import annotations

from enum import Enum, Flag, auto


class Contexts(Flag):
    """Where a command may stand (API reference, section 5)."""

    HTTP = auto()
    SCRIPT = auto()
    "OzML that controls an API or IVR extension's call (A)."
    THIRD_PARTY = auto()
    "OzML in the answer to a notification about somebody else's call (T)."
    ROUTING = auto()
    "OzML in the answer to RoutingInterception (R)."


HTTP = Contexts.HTTP
SCRIPT = Contexts.SCRIPT
THIRD_PARTY = Contexts.THIRD_PARTY
ROUTING = Contexts.ROUTING


class Needs(Enum):
    """Which call a command needs."""

    NOTHING = auto()
    CALL = auto()
    RINGING_CALL = auto()
    ANSWERED_CALL = auto()
    "A script that controls a ringing call answers it before the command runs."
