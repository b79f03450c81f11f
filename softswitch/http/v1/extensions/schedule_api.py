"""`/v1/extensions/{number}/schedule`: where its calls go, and day or night by hand."""

from __future__ import annotations

import msgspec
from aiohttp import web

from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.http.users import Users
from softswitch.http.v1.asking import Problem, answer, refusal, requester
from softswitch.http.v1.extensions.schedule_json import SchedulePatch, ScheduleShown
from softswitch.settings.extensions.schedule import ScheduleExtension
from softswitch.store.errors import StoreError

PATH = "/v1/extensions/{number}/schedule"


class ScheduleApi:
    """Shows schedules, and opens and closes their calendars."""

    def __init__(self, plan: DialPlan, users: Users) -> None:
        self._plan = plan
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [web.get(PATH, self.show), web.patch(PATH, self.change)]

    async def show(self, request: web.Request) -> web.Response:
        """Where calls go now, and why."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        schedule = self._schedule(request)
        return _unknown(request) if schedule is None else answer(200, self._shown(schedule))

    async def change(self, request: web.Request) -> web.Response:
        """Open or close the calendar by hand, or leave it to its hours."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        schedule = self._schedule(request)
        if schedule is None:
            return _unknown(request)
        try:
            patch = msgspec.json.decode(await request.read(), type=SchedulePatch)
        except msgspec.DecodeError as error:
            return answer(400, Problem(error=str(error)))
        by = requester(request)
        try:
            await self._plan.openings.change(schedule.calendar, patch.by_hand, by)
        except StoreError as error:
            return answer(503, Problem(error=f"the change could not be stored: {error}"))
        return answer(200, self._shown(schedule))

    def _schedule(self, request: web.Request) -> ScheduleExtension | None:
        found = self._plan.directory.find(request.match_info["number"])
        settings = None if found is None else found.settings
        return settings if isinstance(settings, ScheduleExtension) else None

    def _shown(self, schedule: ScheduleExtension) -> ScheduleShown:
        is_open, why = self._plan.opening(schedule.calendar)
        return ScheduleShown(
            calendar=schedule.calendar,
            open=schedule.open,
            closed=schedule.closed,
            is_open=is_open,
            why=why,
            by_hand=self._plan.calendars.forced(schedule.calendar),
        )


def _unknown(request: web.Request) -> web.Response:
    return answer(404, Problem(error=f"no schedule {request.match_info['number'][:64]!r}"))
