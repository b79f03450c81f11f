"""Agents of queues: who has logged in where, and who is paused; on disk before it is acknowledged.

The agents that the settings name are always logged in and can only be paused. How an agent is at
the moment (rung, talking, wrapping up) is known to `queues/`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import Protocol

import structlog

from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.exchange.agents import (
    LoginRow,
    PauseRow,
    drop_login,
    drop_pause,
    save_login,
    save_pause,
)

log = structlog.get_logger("softswitch.queues")

LONGEST_REASON = 64
"Characters of the reason of a pause."


class WriteAgents(Protocol):
    """`Store.write`."""

    def __call__(self, *changes: Change) -> asyncio.Future[None]:
        """Done when the changes are on disk; raises StoreError at once or through the future."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why an agent takes no calls, and since when (Unix time in seconds)."""

    reason: str
    since: float


class Agents:
    """Logins and pauses of all agents."""

    __slots__ = ("_changing", "_logins", "_now", "_pauses", "_write", "listeners")

    def __init__(self, write: WriteAgents, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time in seconds."""
        self._write = write
        self._now = now
        self._changing = asyncio.Lock()
        "Held while something is written: the last that is asked for counts."
        self._logins: dict[str, dict[str, float]] = {}
        self._pauses: dict[str, Pause] = {}
        self.listeners: list[Callable[[str], None]] = []
        "Told of the agent after each change; must not block."

    def restore(self, logins: Iterable[LoginRow], pauses: Iterable[PauseRow]) -> None:
        """Take what is on disk, before the first call."""
        for login in logins:
            self._logins.setdefault(login.queue, {})[login.agent] = login.since
        self._pauses.update({row.agent: Pause(row.reason, row.since) for row in pauses})

    def logged_in(self, queue: str) -> Mapping[str, float]:
        """Who has logged in to a queue, and since when, in the order of the logins."""
        return self._logins.get(queue, {})

    def pause_of(self, agent: str) -> Pause | None:
        """The pause of an agent; None for one who takes calls."""
        return self._pauses.get(agent)

    async def log_in(self, queue: str, agent: str) -> None:
        """Log an agent in to a queue; harmless when it is. Raises StoreError."""
        async with self._changing:
            if agent in self.logged_in(queue):
                return
            now = self._now()
            await self._write(save_login(LoginRow(queue=queue, agent=agent, since=now)))
            self._logins.setdefault(queue, {}).setdefault(agent, now)
        self._tell(agent)

    async def log_out(self, queue: str, agent: str) -> None:
        """Log an agent out of a queue; harmless when it is. Raises StoreError."""
        async with self._changing:
            if agent not in self.logged_in(queue):
                return
            await self._write(drop_login(queue, agent))
            self._logins.get(queue, {}).pop(agent, None)
        self._tell(agent)

    async def pause(self, agent: str, reason: str = "") -> None:
        """Let an agent get no more calls of any queue, for this reason. Raises StoreError."""
        async with self._changing:
            pause = Pause(reason[:LONGEST_REASON], self._now())
            row = PauseRow(agent=agent, reason=pause.reason, since=pause.since)
            await self._write(save_pause(row))
            self._pauses[agent] = pause
        self._tell(agent)

    async def resume(self, agent: str) -> None:
        """Let an agent get calls again. Raises StoreError."""
        async with self._changing:
            if agent not in self._pauses:
                return
            await self._write(drop_pause(agent))
            self._pauses.pop(agent, None)
        self._tell(agent)

    def kept(self) -> Iterable[str]:
        """The agents that are logged in or paused, and the queues that they are logged in to."""
        agents = {agent for of in self._logins.values() for agent in of}
        return {*self._pauses, *agents, *(queue for queue, of in self._logins.items() if of)}

    async def forget(self, numbers: Iterable[str]) -> None:
        """Forget logins and pauses of agents and queues that are gone; what the disk refuses is
        logged."""
        async with self._changing:
            gone = set(self.kept()).intersection(numbers)
            logins = [
                (queue, agent)
                for queue, of in self._logins.items()
                for agent in of
                if queue in gone or agent in gone
            ]
            paused = gone & self._pauses.keys()
            for queue, agent in logins:
                del self._logins[queue][agent]
            for agent in paused:
                del self._pauses[agent]
            try:
                if logins or paused:
                    await self._write(*starmap(drop_login, logins), *map(drop_pause, paused))
            except StoreError as error:
                log.warning("agents not forgotten", numbers=sorted(gone)[:20], error=str(error))
        for agent in {*paused, *(agent for _, agent in logins)}:
            self._tell(agent)

    def _tell(self, agent: str) -> None:
        for listener in self.listeners:
            listener(agent)
