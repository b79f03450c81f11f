"""Emergency calls: the operator hears of each as soon as it is dialled, and of those that fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import CallEnds, NotReached
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.numbers.routing import Way
from softswitch.calls.numbers.rules.emergency import Emergencies, EmergencyNotice


@contextmanager
def told_emergency(emergencies: Emergencies, call: Call, way: Way | None) -> Iterator[None]:
    """Let the operator hear of a call that goes out that way, and why nobody has answered it.

    Whatever is raised inside, before an answer, tells why: a call that is transferred to help has
    been answered before, and its own ending says nothing of that.
    """
    notice = _notice(call, way)
    if notice is None or not emergencies.called(notice):
        yield
        return
    try:
        yield
    except BaseException as error:
        emergencies.failed(notice._replace(failure=_failure(error)))
        raise


def _notice(call: Call, way: Way | None) -> EmergencyNotice | None:
    """What the operator is told of the call; None where it goes to no emergency number."""
    if way is None or (told := way.emergency) is None:
        return None
    call.is_urgent = True
    where = {"location": told.location} if told.location else {}
    call.tell("emergency", number=told.number, **where)
    return EmergencyNotice(
        call_id=call.id,
        number=told.number,
        caller=way.payer or call.caller.number,
        location=told.location,
        callback=told.callback,
        trunk=way.trunk,
        tell=told.tell,
    )


def _failure(error: BaseException) -> str:
    """Why nobody has answered."""
    match error:
        case NotReached(ending=ending) | CallEnds(ending=ending):
            hung_up = "hung up" if ending.outcome is Outcome.ANSWERED else ending.outcome.value
            return ending.detail or hung_up
        case Forwarded():
            return f"forwarded to {error.number}"
        case _:
            return "internal error"
