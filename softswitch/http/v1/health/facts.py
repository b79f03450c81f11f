"""What `/v1/health` is made of: the parts of the switch that tell how they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from softswitch.calls.call.calls import Calls
from softswitch.calls.numbers.registrations import Registrations
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.ports.media_workers import MediaWorkers
from softswitch.http.health import Health
from softswitch.messaging.connections.connection import ConnectionState
from softswitch.telemetry.loop_lag import LoopLag


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """The parts that are asked."""

    health: Health
    calls: Calls
    registrations: Registrations
    trunks: Trunks
    media: MediaWorkers
    loop_lag: LoopLag
    connections: Callable[[], Mapping[str, ConnectionState]]
    "The connections that carry messages, by name."
    storage: Callable[[], Mapping[str, object]]
    "`database`, `disk` and `call_records_waiting`, as `/healthz` has them; looks at the disk."
    free_space: Callable[[], Mapping[str, int]]
    "Free octets of the disk below each folder; looks at the disk."
    certificates: Callable[[], Mapping[str, float]]
    "When each certificate ends, in Unix time."
    domain: str
    listens: Callable[[], list[str]]
    "Where it listens, as transport:address:port."
    started_at: float = field(default_factory=time.time)
    "Unix time in seconds."
