"""The states of a call as the command API shows them, and what leads from one to the next.

A pair that has no row is an error of ours: call control asks before it tells, the network never
reaches this table.
"""

from __future__ import annotations

from enum import Enum


class CallState(Enum):
    """The words of the command API; `Setup` is the state before anything rings."""

    SETUP = "Setup"
    RINGING = "Ringing"
    ANSWERED = "Answered"
    IN_CALL = "InCall"
    HOLD = "Hold"
    TRANSFERRED = "Transferred"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    BUSY = "Busy"
    ERROR = "Error"


class Occurrence(Enum):
    """What happens to a call."""

    RANG = "a phone of the callee rings"
    ANSWERED = "the callee answered"
    CONNECTED = "both sides talk"
    HELD = "one side, or a command, put the call on hold"
    RESUMED = "nobody holds any more"
    TRANSFERRED = "a party was replaced"
    HUNG_UP = "a side hung up after the answer"
    CANCELLED = "the caller gave up, or a command ended a ringing call"
    REFUSED = "busy, rejected, or rung for too long"
    FAILED = "an error ended it"


_ENDS_BEFORE_ANSWER = {
    Occurrence.CANCELLED: CallState.CANCELLED,
    Occurrence.REFUSED: CallState.BUSY,
    Occurrence.FAILED: CallState.ERROR,
}
_ENDS_AFTER_ANSWER = {
    Occurrence.HUNG_UP: CallState.COMPLETED,
    Occurrence.FAILED: CallState.ERROR,
}

TRANSITIONS: dict[CallState, dict[Occurrence, CallState]] = {
    CallState.SETUP: {
        Occurrence.RANG: CallState.RINGING,
        Occurrence.ANSWERED: CallState.ANSWERED,
        **_ENDS_BEFORE_ANSWER,
    },
    CallState.RINGING: {
        Occurrence.ANSWERED: CallState.ANSWERED,
        **_ENDS_BEFORE_ANSWER,
    },
    CallState.ANSWERED: {
        Occurrence.CONNECTED: CallState.IN_CALL,
        **_ENDS_AFTER_ANSWER,
    },
    CallState.IN_CALL: {
        Occurrence.HELD: CallState.HOLD,
        Occurrence.TRANSFERRED: CallState.TRANSFERRED,
        **_ENDS_AFTER_ANSWER,
    },
    CallState.HOLD: {
        Occurrence.RESUMED: CallState.IN_CALL,
        Occurrence.TRANSFERRED: CallState.TRANSFERRED,
        **_ENDS_AFTER_ANSWER,
    },
    CallState.TRANSFERRED: {
        Occurrence.CONNECTED: CallState.IN_CALL,
        **_ENDS_AFTER_ANSWER,
    },
    CallState.COMPLETED: {},
    CallState.CANCELLED: {},
    CallState.BUSY: {},
    CallState.ERROR: {},
}

FINAL = frozenset(state for state, rows in TRANSITIONS.items() if not rows)
"States that nothing follows: the call has left the list of active calls."

RINGS = frozenset({CallState.SETUP, CallState.RINGING})
"States before the answer."


def follow(state: CallState, occurrence: Occurrence) -> CallState:
    """The state after `occurrence`; raises LookupError when the table has no such row."""
    try:
        return TRANSITIONS[state][occurrence]
    except KeyError:
        raise LookupError(f"a call in {state.value} cannot follow: {occurrence.value}") from None
