"""What call control refuses, in the words of the API."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.endings.endings import CannotNow, EndedBy, Ending, NotReached
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import Occurrence
from softswitch.commands.base.codes import CommandError
from softswitch.commands.orders.refusals import refusals


def not_reached(outcome: Outcome, detail: str) -> NotReached:
    ending = Ending(
        outcome=outcome, by=EndedBy.CALLEE, occurrence=Occurrence.REFUSED, detail=detail
    )
    return NotReached(ending)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (CallGone(), "Call not found with ID 'fba20'"),
        (
            CannotNow("the call is on hold"),
            "Command 'Hold' cannot be used here. the call is on hold",
        ),
        (
            not_reached(Outcome.BUSY, "busy here"),
            "Call connect to '102' failed with result state 'Busy'. busy here",
        ),
        (
            not_reached(Outcome.NO_ANSWER, "nobody has answered"),
            "Call connect to '102' failed with result state 'NoAnswer'",
        ),
    ],
)
def test_refusals(raised: Exception, message: str) -> None:
    call = SimpleNamespace(id="fba20")
    with pytest.raises(CommandError) as caught, refusals(call, "Hold", "102"):  # type: ignore[arg-type]
        raise raised
    assert caught.value.message == message


def test_a_fault_of_ours_is_none() -> None:
    call = SimpleNamespace(id="fba20")
    with pytest.raises(KeyError), refusals(call, "Hold"):  # type: ignore[arg-type]
        raise KeyError("a bug")
