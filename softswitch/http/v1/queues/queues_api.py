"""`/v1/queues/{number}/state` shows a queue; agents are logged in and out, and paused."""

from __future__ import annotations

import time
from collections.abc import Awaitable

import structlog
from aiohttp import web

from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.queues.queues import CallQueues
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.queues.queues_json import (
    QUEUE_OPERATIONS,
    PauseAsked,
    QueuesShown,
    show_change,
    show_queue,
)
from softswitch.http.v1.serving import served
from softswitch.settings.extensions.queue import QueueExtension

log = structlog.get_logger("softswitch.queues")


class QueuesApi:
    """Shows queues and changes their agents."""

    def __init__(self, queues: CallQueues, plan: DialPlan, users: Users) -> None:
        self._queues = queues
        self._plan = plan
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {
            "listQueueStates": self.list,
            "showQueueState": self.show,
            "logAgentIn": self.log_in,
            "logAgentOut": self.log_out,
            "pauseAgent": self.pause,
            "resumeAgent": self.resume,
        }
        return served(QUEUE_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, user: User) -> web.Response:
        """Who waits in the queues that concern the user, and what their agents do."""
        now = time.time()
        shown = [
            show_queue(self._queues, queue.number, queue.settings_as(QueueExtension), now)
            for queue in self._plan.directory.of_settings(QueueExtension)
            if user.owns(queue.number)
        ]
        return answer(200, QueuesShown(queues=sorted(shown, key=lambda one: one.number)))

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """Who waits in a queue, and what its agents do."""
        number, settings = self._queue(request)
        return answer(200, show_queue(self._queues, number, settings, time.time()))

    async def log_in(self, request: web.Request, user: User) -> web.Response:
        """Log an agent in to a queue."""
        (number, _), agent = self._queue(request), self._agent(request)
        return await self._changed(request, user, agent, self._queues.agents.log_in(number, agent))

    async def log_out(self, request: web.Request, user: User) -> web.Response:
        """Log an agent out of a queue."""
        (number, settings), agent = self._queue(request), self._agent(request)
        if agent in {each.number for each in settings.agents}:
            raise NotServed(409, f"the settings of {number} name {agent} as an agent")
        return await self._changed(request, user, agent, self._queues.agents.log_out(number, agent))

    async def pause(self, request: web.Request, user: User) -> web.Response:
        """Let no queue ring an agent."""
        agent = self._agent(request)
        reason = (await body_of(request, PauseAsked, empty=PauseAsked())).reason
        return await self._changed(request, user, agent, self._queues.agents.pause(agent, reason))

    async def resume(self, request: web.Request, user: User) -> web.Response:
        """Let queues ring an agent again."""
        agent = self._agent(request)
        return await self._changed(request, user, agent, self._queues.agents.resume(agent))

    def _queue(self, request: web.Request) -> tuple[str, QueueExtension]:
        """The queue of the path. Raises NotServed where there is none."""
        number = request.match_info["number"]
        settings = self._queues.settings(number)
        if settings is None:
            raise NotServed(404, f"no queue {number[:64]!r}")
        return number, settings

    def _agent(self, request: web.Request) -> str:
        """The phone of the path. Raises NotServed where there is none."""
        agent = request.match_info["agent"]
        found = self._plan.directory.find(agent)
        if found is None or not found.kind.registers:
            raise NotServed(404, f"no phone {agent[:64]!r}")
        return agent

    async def _changed(
        self, request: web.Request, user: User, agent: str, change: Awaitable[None]
    ) -> web.Response:
        """Make a change; it is on disk when this is answered."""
        await change
        how = f"{request.method} {request.path[:99]}"
        log.info("agent changed", agent=agent, by=user.name, how=how)
        return answer(200, show_change(self._queues, agent))
