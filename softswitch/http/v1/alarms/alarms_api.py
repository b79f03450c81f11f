"""`/v1/alarms`: alarm reports, and who has seen to them."""

from __future__ import annotations

import time

import structlog
from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.alarms.alarms_json import (
    ALARM_OPERATIONS,
    AcknowledgementGiven,
    AlarmsAsked,
    AlarmsListed,
    show_alarm,
)
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.serving import Work, served
from softswitch.store.alarms import AlarmRecord, acknowledge
from softswitch.store.lists.alarms import find_alarm, list_alarms
from softswitch.store.store import Store

log = structlog.get_logger("alarms")


class AlarmsApi:
    """Lists alarm reports, and takes their acknowledgements."""

    def __init__(self, store: Store, users: Users) -> None:
        self._store = store
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "listAlarms": self._list,
            "showAlarm": self._show,
            "acknowledgeAlarm": self._acknowledge,
        }
        return served(ALARM_OPERATIONS, self._users, works)

    async def _list(self, request: web.Request, _user: User) -> web.Response:
        wanted = asked(request, AlarmsAsked)
        found = await list_alarms(self._store.reader, wanted.filter, wanted.part)
        listed = AlarmsListed(
            total=found.total,
            offset=wanted.offset,
            limit=wanted.limit,
            alarms=[show_alarm(each) for each in found.alarms],
        )
        return answer(200, listed)

    async def _show(self, request: web.Request, _user: User) -> web.Response:
        return answer(200, show_alarm(await self._alarm(request)))

    async def _acknowledge(self, request: web.Request, user: User) -> web.Response:
        given = await body_of(request, AcknowledgementGiven, empty=AcknowledgementGiven())
        alarm = await self._alarm(request)
        now = time.time()
        if alarm.acknowledged_at is None:
            await self._store.write(acknowledge(alarm.id, user.name, now, given.note))
            alarm = await self._alarm(request)
        if (alarm.acknowledged_at, alarm.acknowledged_by) != (now, user.name):
            raise NotServed(409, f"{alarm.acknowledged_by} has acknowledged the report before")
        log.info("alarm acknowledged", id=alarm.id, account=alarm.account, user=user.name)
        return answer(200, show_alarm(alarm))

    async def _alarm(self, request: web.Request) -> AlarmRecord:
        identity = request.match_info["alarm_id"]
        found = await find_alarm(self._store.reader, identity)
        if found is None:
            raise NotServed(404, f"there is no alarm report '{identity[:64]}'")
        return found
