"""Day and night by code: the calendar of a schedule is opened or closed by hand."""

from __future__ import annotations

from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import NOT_KEPT
from softswitch.calls.codes.service_code import ServiceCode, refuse, say, spelled
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.settings.extensions.schedule import ScheduleExtension
from softswitch.store.errors import StoreError

SAID = {True: "schedule_open", False: "schedule_closed"}
"By whether it is open by hand."
SAID_OF_HOURS = {True: "schedule_automatic_open", False: "schedule_automatic_closed"}
"By whether its hours have opened it."


async def _force(is_open: bool | None, answering: Answering, call: Call, number: str) -> None:
    """Open or close the calendar of a schedule, or leave it to its hours."""
    plan, own = answering.ringer.plan, call.caller.extension
    found = plan.directory.find(number)
    if found is None or not isinstance(found.settings, ScheduleExtension):
        await refuse(answering, call, said("schedule_none"))
    settings = found.settings_as(ScheduleExtension)
    if settings.managers and own not in settings.managers:
        await refuse(answering, call, said("schedule_not_allowed"))
    try:
        await plan.openings.change(settings.calendar, is_open, own)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    if is_open is None:
        now = plan.calendars.at(settings.calendar, plan.now()).is_open
        await say(answering, call, said(SAID_OF_HOURS[now], number=spelled(number)))
    await say(answering, call, said(SAID[is_open], number=spelled(number)))


SCHEDULES = (
    ServiceCode("schedule_open", partial(_force, True)),
    ServiceCode("schedule_closed", partial(_force, False)),
    ServiceCode("schedule_automatic", partial(_force, None)),
)
