"""How the switch is, as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.health import SwitchStatus
from softswitch.http.v1.moments import Moment
from softswitch.http.v1.operations import Operation


class MediaWorkerShown(msgspec.Struct, frozen=True, kw_only=True):
    """A process that carries sound."""

    pid: int
    legs: Annotated[int, Meta(description="Parties whose sound it carries.")]
    ports: Annotated[str, Meta(description="The range of UDP ports that all workers share.")]
    ports_free: Annotated[int, Meta(description="Pairs of ports of its share that are free.")]
    load: Annotated[float, Meta(description="The share of a processor that it uses now.")]
    cpu_seconds: float
    packets_in: int
    packets_out: int
    late: Annotated[
        float, Meta(description="Milliseconds: the most that a tick of the last second was late.")
    ]
    ticks_skipped: Annotated[int, Meta(description="Ticks of 20 ms that could not be held.")]


class DatabaseShown(msgspec.Struct, frozen=True, kw_only=True):
    """The database, and the disks."""

    state: Annotated[Literal["up", "away"], Meta(description="Whether it answers.")]
    disk: Annotated[Literal["up", "short"], Meta(description="Whether the disks have room.")]
    free: Annotated[dict[str, int], Meta(description="Free octets below each folder.")]
    call_records_waiting: Annotated[
        int, Meta(description="Records that are on this machine, and not in the database yet.")
    ]


class RecentLineShown(msgspec.Struct, frozen=True, kw_only=True):
    """A warning or an error of the log."""

    at: Annotated[Moment, Meta(description="The last time.")]
    level: str
    event: str
    facts: Annotated[dict[str, str], Meta(description="What the line tells beside that.")]
    count: Annotated[int, Meta(description="How often it came in a row.")]
    advice: Annotated[str, Meta(description="What to do; empty where the line says it.")]


class ProblemNow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong at this moment."""

    what: str
    advice: Annotated[str, Meta(description="What to do.")]


class HealthShown(msgspec.Struct, frozen=True, kw_only=True):
    """The switch at this moment."""

    status: SwitchStatus
    version: str
    started_at: Moment
    uptime: Annotated[int, Meta(description="Seconds.")]
    domain: str
    listens: Annotated[list[str], Meta(description="As transport:address:port.")]
    calls: int
    most_calls: Annotated[int, Meta(description="`limits.calls`.")]
    registrations: int
    loop_lag: Annotated[
        float, Meta(description="Milliseconds: the most that the loop was late in a minute.")
    ]
    tasks: Annotated[int, Meta(description="Tasks of the event loop.")]
    cpu_seconds: Annotated[float, Meta(description="Of the signalling process.")]
    memory: Annotated[int, Meta(description="Octets of the signalling process in memory.")]
    workers: list[MediaWorkerShown]
    worker_restarts: Annotated[int, Meta(description="Workers that had to be replaced.")]
    database: DatabaseShown
    trunks_down: Annotated[list[str], Meta(description="Trunks that are refused or down.")]
    connections_down: Annotated[
        dict[str, str], Meta(description="Connections that carry no messages now, and why.")
    ]
    problems: Annotated[list[ProblemNow], Meta(description="All that is wrong now.")]
    recent: Annotated[
        list[RecentLineShown],
        Meta(description="The last warnings and errors of the log, the newest first."),
    ]


class NodeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the switch that takes calls."""

    node: Annotated[int, Meta(description="Its number; a switch of one process is node 1.")]
    host: Annotated[str, Meta(description="The name of its machine.")]
    pid: int
    status: SwitchStatus
    version: str
    started_at: Moment
    calls: int
    registrations: int
    workers: int
    load: Annotated[
        float, Meta(description="The share of a processor that its media workers use together.")
    ]


class NodesShown(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes of the switch."""

    nodes: list[NodeShown]


class HealthQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the log is shown."""

    recent: Annotated[
        int, Meta(ge=0, le=200, description="The most lines of the log in the answer.")
    ] = 20


HEALTH_OPERATIONS = (
    Operation(
        path="/health",
        id="showHealth",
        right=Right.SEE,
        summary="How the switch is, what is wrong, and what to do about it.",
        query=HealthQuery,
        answers={200: ("The switch at this moment.", HealthShown)},
    ),
    Operation(
        path="/nodes",
        id="listNodes",
        right=Right.SEE,
        summary="The processes that take calls.",
        answers={200: ("The nodes.", NodesShown)},
    ),
)
"What `health_api.py` serves."
