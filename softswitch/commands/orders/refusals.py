"""Refusals of call control, in the words of the API.

A call that has gone is 601, a number that is not reached 402, all else that cannot be done 303.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import TooManyCalls
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.endings.outcomes import result_word
from softswitch.commands.base.codes import Code, CommandError


@contextmanager
def refusals(call: Call, command: str, target: str = "") -> Iterator[None]:
    """Raise what call control raises inside as CommandError 303, 402 or 601.

    `target` is the number that 402 names.
    """
    try:
        yield
    except CallGone:
        raise CommandError(Code.CALL_NOT_FOUND, call.id) from None
    except NotReached as error:
        result = result_word(error.ending.outcome)
        # that nobody has answered needs no more words
        detail = error.ending.detail if result != "NoAnswer" else ""
        raise CommandError(Code.CALL_CONNECT_FAILED, target, result, detail=detail) from None
    except TooManyCalls as error:
        raise CommandError(Code.CALL_CONNECT_FAILED, target, "Error", detail=str(error)) from None
    except CannotNow as error:
        raise CommandError(Code.INAPPROPRIATE_COMMAND, command, detail=str(error)) from None
