"""The table of call states: what may follow what."""

from __future__ import annotations

import pytest

from softswitch.calls.endings.states import FINAL, TRANSITIONS, CallState, Occurrence, follow

TRACES = {
    "answered, held, resumed and hung up": """
        RANG         Ringing
        ANSWERED     Answered
        CONNECTED    InCall
        HELD         Hold
        RESUMED      InCall
        HUNG_UP      Completed
    """,
    "answered without ringing, then transferred": """
        ANSWERED     Answered
        CONNECTED    InCall
        TRANSFERRED  Transferred
        CONNECTED    InCall
        FAILED       Error
    """,
    "transferred while on hold, hung up before the new party talks": """
        ANSWERED     Answered
        CONNECTED    InCall
        HELD         Hold
        TRANSFERRED  Transferred
        HUNG_UP      Completed
    """,
    "transferred, then an error": """
        ANSWERED     Answered
        CONNECTED    InCall
        TRANSFERRED  Transferred
        FAILED       Error
    """,
    "hung up on hold": """
        ANSWERED     Answered
        CONNECTED    InCall
        HELD         Hold
        HUNG_UP      Completed
    """,
    "an error on hold": """
        ANSWERED     Answered
        CONNECTED    InCall
        HELD         Hold
        FAILED       Error
    """,
    "hung up right after the answer": "ANSWERED Answered\nHUNG_UP Completed",
    "an error right after the answer": "ANSWERED Answered\nFAILED Error",
    "given up before it rang": "CANCELLED Cancelled",
    "busy": "REFUSED Busy",
    "an error before it rang": "FAILED Error",
    "given up while it rang": "RANG Ringing\nCANCELLED Cancelled",
    "rung for too long": "RANG Ringing\nREFUSED Busy",
    "an error while it rang": "RANG Ringing\nFAILED Error",
}


def walk(trace: str) -> set[tuple[CallState, Occurrence]]:
    """Check each line, an occurrence and the state that it leads to; returns the rows walked."""
    state, walked = CallState.SETUP, set()
    for line in trace.strip().splitlines():
        name, expected = line.split()
        occurrence = Occurrence[name]
        walked.add((state, occurrence))
        state = follow(state, occurrence)
        assert state.value == expected, line
    return walked


@pytest.mark.parametrize("name", TRACES)
def test_trace(name: str) -> None:
    walk(TRACES[name])


def test_every_row_is_walked() -> None:
    walked = set().union(*map(walk, TRACES.values()))
    rows = {(state, occurrence) for state, rows in TRANSITIONS.items() for occurrence in rows}
    assert rows - walked == set()


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
