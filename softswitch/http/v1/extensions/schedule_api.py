"""`/v1/extensions/{number}/schedule`: where its calls go, and day or night by hand."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.guard.rights import NotAllowed, User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.extensions.schedule_json import (
    SCHEDULE_OPERATIONS,
    SchedulePatch,
    ScheduleShown,
)
from softswitch.http.v1.serving import served
from softswitch.settings.extensions.schedule import ScheduleExtension


class ScheduleApi:
    """Shows schedules, and opens and closes their calendars."""

    def __init__(self, plan: DialPlan, users: Users) -> None:
        self._plan = plan
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"showSchedule": self.show, "changeSchedule": self.change}
        return served(SCHEDULE_OPERATIONS, self._users, works)

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """Where calls go now, and why."""
        return answer(200, self._shown(self._schedule(request)))

    async def change(self, request: web.Request, user: User) -> web.Response:
        """Open or close the calendar by hand, or leave it to its hours."""
        schedule = self._schedule(request)
        self._require_own(schedule.calendar, user)
        patch = await body_of(request, SchedulePatch)
        await self._plan.openings.change(schedule.calendar, patch.by_hand, user.name)
        return answer(200, self._shown(schedule))

    def _require_own(self, calendar: str, user: User) -> None:
        """See that a calendar moves no calls but those of an application's own numbers.

        Raises NotAllowed.
        """
        if user.own is None:
            return
        if self._plan.routing.asks(calendar):
            raise NotAllowed(f"routes ask for the calendar {calendar} as well")
        for other in self._plan.directory.of_settings(ScheduleExtension):
            settings = other.settings
            if isinstance(settings, ScheduleExtension) and settings.calendar == calendar:
                user.require_own(other.number)

    def _schedule(self, request: web.Request) -> ScheduleExtension:
        number = request.match_info["number"]
        found = self._plan.directory.find(number)
        settings = None if found is None else found.settings
        if not isinstance(settings, ScheduleExtension):
            raise NotServed(404, f"no schedule {number[:64]!r}")
        return settings

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
