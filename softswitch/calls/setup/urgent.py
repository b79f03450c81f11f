"""Emergency calls: the operator hears of each as soon as it is dialled, and of those that fail."""

from __future__ import annotations

import asyncio
from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import Ending
from softswitch.calls.numbers.routing import Way
from softswitch.calls.numbers.rules.emergency import Emergencies, EmergencyNotice


def tell_emergency(emergencies: Emergencies, call: Call, way: Way | None) -> None:
    """Let the operator hear of a call that is about to go out that way, whatever becomes of it."""
    if way is None or (told := way.emergency) is None:
        return
    call.is_urgent = True
    where = {"location": told.location} if told.location else {}
    call.tell("emergency", number=told.number, **where)
    notice = EmergencyNotice(
        call_id=call.id,
        number=told.number,
        caller=way.payer or call.caller.number,
        location=told.location,
        callback=told.callback,
        trunk=way.trunk,
        tell=told.tell,
    )
    if emergencies.called(notice):
        call.ended.add_done_callback(partial(_ended, emergencies, call, notice))


def _ended(
    emergencies: Emergencies, call: Call, notice: EmergencyNotice, done: asyncio.Future[Ending]
) -> None:
    """Tell of a call that nobody has answered, and why."""
    if not call.is_answered and not done.cancelled():
        ending = done.result()
        emergencies.failed(notice._replace(failure=ending.detail or ending.outcome.value))
