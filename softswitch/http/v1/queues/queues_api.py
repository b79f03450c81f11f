"""`/v1/queues/{number}/state` shows a queue; agents are logged in and out, and paused."""

from __future__ import annotations

import time
from collections.abc import Awaitable

import msgspec
import structlog
from aiohttp import web

from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.queues.queues import CallQueues
from softswitch.http.users import Users
from softswitch.http.v1.asking import Problem, answer, refusal, requester
from softswitch.http.v1.queues.queues_json import PauseAsked, show_change, show_queue
from softswitch.store.errors import StoreError

log = structlog.get_logger("softswitch.queues")

MEMBER = "/v1/queues/{number}/agents/{agent}"
PAUSE = "/v1/agents/{agent}/pause"


class QueuesApi:
    """Shows queues and changes their agents."""

    def __init__(self, queues: CallQueues, plan: DialPlan, users: Users) -> None:
        self._queues = queues
        self._plan = plan
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [
            web.get("/v1/queues/{number}/state", self.show),
            web.put(MEMBER, self.log_in),
            web.delete(MEMBER, self.log_out),
            web.put(PAUSE, self.pause),
            web.delete(PAUSE, self.resume),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Who waits in a queue, and what its agents do."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        number = request.match_info["number"]
        settings = self._queues.settings(number)
        if settings is None:
            return _unknown("queue", number)
        return answer(200, show_queue(self._queues, number, settings, time.time()))

    async def log_in(self, request: web.Request) -> web.Response:
        """Log an agent in to a queue."""
        number, agent = request.match_info["number"], request.match_info["agent"]
        if (refused := self._refused(request, agent, number)) is not None:
            return refused
        return await self._changed(request, agent, self._queues.agents.log_in(number, agent))

    async def log_out(self, request: web.Request) -> web.Response:
        """Log an agent out of a queue."""
        number, agent = request.match_info["number"], request.match_info["agent"]
        if (refused := self._refused(request, agent, number)) is not None:
            return refused
        settings = self._queues.settings(number)
        if settings is not None and agent in {each.number for each in settings.agents}:
            return answer(409, Problem(error=f"the settings of {number} name {agent} as an agent"))
        return await self._changed(request, agent, self._queues.agents.log_out(number, agent))

    async def pause(self, request: web.Request) -> web.Response:
        """Let no queue ring an agent."""
        agent = request.match_info["agent"]
        if (refused := self._refused(request, agent)) is not None:
            return refused
        try:
            asked = msgspec.json.decode(await request.read() or b"{}", type=PauseAsked)
        except msgspec.DecodeError as error:
            return answer(400, Problem(error=str(error)))
        return await self._changed(request, agent, self._queues.agents.pause(agent, asked.reason))

    async def resume(self, request: web.Request) -> web.Response:
        """Let queues ring an agent again."""
        agent = request.match_info["agent"]
        if (refused := self._refused(request, agent)) is not None:
            return refused
        return await self._changed(request, agent, self._queues.agents.resume(agent))

    def _refused(
        self, request: web.Request, agent: str, number: str | None = None
    ) -> web.Response | None:
        """The answer to who may not ask, or names a queue or an agent that is none."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        if number is not None and self._queues.settings(number) is None:
            return _unknown("queue", number)
        found = self._plan.directory.find(agent)
        return _unknown("phone", agent) if found is None or not found.kind.registers else None

    async def _changed(
        self, request: web.Request, agent: str, change: Awaitable[None]
    ) -> web.Response:
        """Make a change; it is on disk when this is answered."""
        try:
            await change
        except StoreError as error:
            return answer(503, Problem(error=f"the change could not be stored: {error}"))
        by = requester(request)
        log.info("agent changed", agent=agent, by=by, how=f"{request.method} {request.path[:99]}")
        return answer(200, show_change(self._queues, agent))


def _unknown(what: str, number: str) -> web.Response:
    return answer(404, Problem(error=f"no {what} {number[:64]!r}"))
