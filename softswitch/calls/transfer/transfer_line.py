"""The line of the log about a transfer: who moved whom to whom, in which way, with what result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CallEnds, CannotNow, Ending, NotReached
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.numbers.routing import Unroutable
from softswitch.calls.transfer.dialogs import Denied
from softswitch.sdp.description import DescriptionError

log = structlog.get_logger("softswitch.calls")

LONGEST_NUMBER = 64
"Characters of what somebody wants a call to be transferred to."


class TransferWay(StrEnum):
    """How a transfer was asked for."""

    COMMAND = "command"
    "By the web API."
    SCRIPT = "script"
    REFER = "REFER"
    "By the transfer button of a phone (RFC 3515)."
    REPLACES = "Replaces"
    "By a phone that takes the place of another (RFC 3891)."
    CODE = "code"
    "By keys in the call."
    PARKING = "parking"
    "Nobody has retrieved the call."
    QUEUE = "queue"
    "Nobody has answered the caller in time."
    VOICEMAIL = "voicemail"
    "The owner of a mailbox calls back who has left a message."


@contextmanager
def transfer_line(
    call: Call, *, by: str, whom: str, to: str, kind: str, way: TransferWay
) -> Iterator[None]:
    """What runs inside is a transfer; how it ends, is logged in one line.

    `kind` is `blind` or `attended`. Numbers that peers have named are cut.
    """
    about = _about(by, whom, to, kind, way)
    try:
        yield
    except BaseException as error:
        _failed(call, about, error)
        raise
    log.info("transferred", call=call.id, **about, result="answered")
    call.trace.told("transfer", {**about, "result": "answered"})


def failed(
    call: Call, transferor: Party, *, to: str, kind: str, way: TransferWay, error: Exception
) -> None:
    """Log a transfer that has not begun, because of this error."""
    whom = call.other(transferor).number
    _failed(call, _about(transferor.number, whom, to, kind, way), error)


def _about(by: str, whom: str, to: str, kind: str, way: TransferWay) -> dict[str, str]:
    return {"by": by, "whom": whom, "to": to[:LONGEST_NUMBER], "kind": kind, "way": way.value}


def _failed(call: Call, about: dict[str, str], error: BaseException) -> None:
    result, reason = result_of(error)
    said = {"reason": reason} if reason else {}
    log.warning("transfer failed", call=call.id, **about, result=result, **said)
    call.trace.told("transfer", {**about, "result": result, **said})


def attended_line(
    call: Call, transferor: Party, other: Call, its_transferor: Party, *, way: TransferWay
) -> AbstractContextManager[None]:
    """The line about two calls that become one without these two parties."""
    whom, to = call.other(transferor).number, other.other(its_transferor).number
    return transfer_line(call, by=transferor.number, whom=whom, to=to, kind="attended", way=way)


def result_of(error: BaseException) -> tuple[str, str]:
    """What a transfer has come to that ended with this exception, and why."""
    match error:
        case NotReached():
            return _not_reached(error.ending)
        case Unroutable() | Denied() | DescriptionError():
            return f"refused {error.status}", str(error)
        case CannotNow():
            return "not possible", str(error)
        case CallEnds():
            return "call ended", f"ended by {error.ending.by.value}"
    return "call ended", str(error)


def _not_reached(ending: Ending) -> tuple[str, str]:
    if ending.outcome is Outcome.BUSY:
        return "busy", ending.detail
    if ending.outcome is Outcome.NO_ANSWER and ending.callee_status is None:
        return "timed out", ending.detail
    return f"refused {ending.callee_status or ending.status}", ending.detail or ending.outcome.value
