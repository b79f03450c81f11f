"""`/v1/health`: how the switch is, what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from aiohttp import web

from softswitch.calls.numbers.trunk import TrunkState
from softswitch.calls.ports.worker_metrics import WorkerState, worker_states
from softswitch.guard.rights import User
from softswitch.http.health import SwitchStatus
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, asked
from softswitch.http.v1.health.advice import advice_for
from softswitch.http.v1.health.facts import HealthFacts
from softswitch.http.v1.health.health_json import (
    HEALTH_OPERATIONS,
    DatabaseShown,
    HealthQuery,
    HealthShown,
    MediaWorkerShown,
    NodeShown,
    NodesShown,
    ProblemNow,
    RecentLineShown,
)
from softswitch.http.v1.moments import moment
from softswitch.http.v1.serving import served
from softswitch.messaging.connections.connection import ConnectionState
from softswitch.telemetry.log import RECENT

CROWDED = 0.9
"The share of `limits.calls`, or of a processor, from which on there is not enough."
LATE = 0.05
"Seconds of loop lag that people hear of."
DOWN = (TrunkState.DOWN, TrunkState.REFUSED)
SOON = 14 * 86_400
"Seconds before the end of a certificate."


class HealthApi:
    """Shows how the switch is."""

    def __init__(self, facts: HealthFacts, users: Users) -> None:
        self._facts = facts
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"showHealth": self.show, "listNodes": self.nodes}
        return served(HEALTH_OPERATIONS, self._users, works)

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """The switch at this moment."""
        wanted, facts = asked(request, HealthQuery), self._facts
        storage, free, memory = await asyncio.to_thread(
            lambda: (facts.storage(), facts.free_space(), _memory())
        )
        workers = worker_states(facts.media)
        down = {name: each for name, each in facts.connections().items() if not each.up}
        times = os.times()
        return answer(
            200,
            HealthShown(
                status=facts.health.status,
                version=_version(),
                started_at=moment(facts.started_at),
                uptime=round(time.time() - facts.started_at),
                domain=facts.domain,
                listens=facts.listens(),
                calls=len(facts.calls),
                most_calls=facts.calls.terms.calls,
                registrations=len(facts.registrations),
                loop_lag=round(facts.loop_lag.worst_lately() * 1000, 1),
                tasks=len(asyncio.all_tasks()),
                cpu_seconds=round(times.user + times.system, 2),
                memory=memory,
                workers=[_show_worker(each) for each in workers],
                worker_restarts=facts.media.restarts,
                database=_show_database(storage, free),
                trunks_down=[trunk.name for trunk in facts.trunks if trunk.state in DOWN],
                connections_down={name: state.detail for name, state in down.items()},
                problems=list(self._problems(storage, workers, down)),
                recent=[
                    RecentLineShown(
                        at=moment(line.at),
                        level=line.level,
                        event=line.event,
                        facts=dict(line.facts),
                        count=line.times,
                        advice=advice_for(line.event),
                    )
                    for line in islice(RECENT, wanted.recent)
                ],
            ),
        )

    async def nodes(self, _request: web.Request, _user: User) -> web.Response:
        """The one process that there is."""
        facts, workers = self._facts, worker_states(self._facts.media)
        node = NodeShown(
            node=1,
            host=socket.gethostname(),
            pid=os.getpid(),
            status=facts.health.status,
            version=_version(),
            started_at=moment(facts.started_at),
            calls=len(facts.calls),
            registrations=len(facts.registrations),
            workers=len(workers),
            load=round(sum(each.load for each in workers), 3),
        )
        return answer(200, NodesShown(nodes=[node]))

    def _problems(
        self,
        storage: Mapping[str, object],
        workers: Sequence[WorkerState],
        down: Mapping[str, ConnectionState],
    ) -> Iterator[ProblemNow]:
        """All that is wrong now."""
        facts = self._facts
        if facts.health.status is not SwitchStatus.READY:
            yield ProblemNow(
                what=f"the switch is {facts.health.status.value}",
                advice="It takes no new calls; wait, or start it again.",
            )
        if storage["database"] != "up":
            yield ProblemNow(
                what="the database does not answer",
                advice="Start it again; records of calls wait on this machine until then.",
            )
        if storage["disk"] != "up":
            yield ProblemNow(
                what="a disk has little room",
                advice="Delete recordings, or raise the disk; messages are refused meanwhile.",
            )
        for trunk in facts.trunks:
            if trunk.state in DOWN:
                yield ProblemNow(
                    what=f"trunk {trunk.name} is {trunk.state.value}: {trunk.reason}"[:300],
                    advice="See host, port, username and password of the trunk, and its carrier.",
                )
        for name, state in down.items():
            yield ProblemNow(
                what=f"connection {name} is down: {state.detail}"[:300],
                advice="See its settings and its server; its messages wait meanwhile.",
            )
        if len(facts.calls) >= CROWDED * facts.calls.terms.calls:
            yield ProblemNow(
                what=f"{len(facts.calls)} calls of {facts.calls.terms.calls} that may be",
                advice="Raise limits.calls, if the machine carries more.",
            )
        for each in workers:
            if each.load >= CROWDED or not each.ports_free:
                yield ProblemNow(
                    what=f"media worker {each.pid} has {each.load:.0%} of a processor in use and "
                    f"{each.ports_free} pairs of ports free",
                    advice="Raise media.workers, or media.ports.",
                )
        if facts.loop_lag.worst_lately() >= LATE:
            yield ProblemNow(
                what=f"the event loop was {facts.loop_lag.worst_lately() * 1000:.0f} ms late",
                advice="Give the machine processors, or less to do.",
            )
        for file, expires in facts.certificates().items():
            if expires - time.time() < SOON:
                yield ProblemNow(
                    what=f"the certificate {file} ends at {moment(expires).isoformat()}",
                    advice="Renew it, replace the file, and reload.",
                )


@cache
def _version() -> str:
    return version("softswitch")


def _memory() -> int:
    """Octets of this process in memory."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0  # no Linux
    return pages * os.sysconf("SC_PAGE_SIZE")


def _show_worker(state: WorkerState) -> MediaWorkerShown:
    first, last = state.ports
    return MediaWorkerShown(
        pid=state.pid,
        legs=state.legs,
        ports=f"{first}-{last}",
        ports_free=state.ports_free,
        load=round(state.load, 3),
        cpu_seconds=round(state.cpu_seconds, 2),
        packets_in=state.packets_in,
        packets_out=state.packets_out,
        late=round(state.tick_late_max_ms, 1),
        ticks_skipped=state.ticks_skipped,
    )


def _show_database(storage: Mapping[str, object], free: Mapping[str, int]) -> DatabaseShown:
    return DatabaseShown(
        state="up" if storage["database"] == "up" else "away",
        disk="up" if storage["disk"] == "up" else "short",
        free=dict(free),
        call_records_waiting=int(str(storage["call_records_waiting"])),
    )
