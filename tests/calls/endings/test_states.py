"""The table of call states: what may follow what."""

from __future__ import annotations

import pytest

from softswitch.calls.endings.states import FINAL, RINGS, TRANSITIONS, CallState, Occurrence, follow


def walk(trace: str) -> None:
    """Each line: an occurrence and the state that it must lead to, from `Setup` on."""
    state = CallState.SETUP
    for line in trace.strip().splitlines():
        occurrence, expected = line.split()
        state = follow(state, Occurrence[occurrence])
        assert state.value == expected, line


def test_a_call_that_is_answered_held_resumed_and_hung_up() -> None:
    walk("""
        RANG       Ringing
        ANSWERED   Answered
        CONNECTED  InCall
        HELD       Hold
        RESUMED    InCall
        HUNG_UP    Completed
    """)


def test_a_call_that_is_answered_without_ringing_then_transferred() -> None:
    walk("""
        ANSWERED     Answered
        CONNECTED    InCall
        TRANSFERRED  Transferred
        CONNECTED    InCall
        FAILED       Error
    """)


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (Occurrence.CANCELLED, CallState.CANCELLED),
        (Occurrence.REFUSED, CallState.BUSY),
        (Occurrence.FAILED, CallState.ERROR),
    ],
)
def test_the_ends_before_an_answer(end: Occurrence, state: CallState) -> None:
    for before in RINGS:
        assert follow(before, end) is state


def test_what_ended_stays_ended() -> None:
    assert {state.value for state in FINAL} == {"Completed", "Cancelled", "Busy", "Error"}
    for state in FINAL:
        for occurrence in Occurrence:
            with pytest.raises(LookupError):
                follow(state, occurrence)


def test_every_state_has_its_rows_and_every_state_is_reached() -> None:
    assert set(TRANSITIONS) == set(CallState)
    reached = {after for rows in TRANSITIONS.values() for after in rows.values()}
    assert reached == set(CallState) - {CallState.SETUP}


def test_an_answered_call_is_not_answered_twice() -> None:
    with pytest.raises(LookupError, match="InCall cannot follow: the callee answered"):
        follow(CallState.IN_CALL, Occurrence.ANSWERED)
