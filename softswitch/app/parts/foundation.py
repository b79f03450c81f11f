"""The parts below all others: the database, certificates, randomness, security events, loop lag."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from softswitch.app.certificates import certificates_of, warn_of_expiry
from softswitch.app.disk import Disk
from softswitch.app.entropy import Entropy
from softswitch.guard.bans import BanList, BanTerms
from softswitch.guard.events import SecurityEvents
from softswitch.settings.load import Settings
from softswitch.settings.server import TraceSettings
from softswitch.store.store import Store
from softswitch.telemetry.loop_lag import LoopLag
from softswitch.trace.kept.disk import DiskTerms, TraceDisk
from softswitch.trace.traces import Traces
from softswitch.transport.certificates import Certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """The lowest parts."""

    loop_lag: LoopLag
    events: SecurityEvents
    bans: BanList
    "Of every service that asks for a password or a PIN."
    store: Store
    disk: Disk
    key: bytes
    "A secret that outlives restarts: nonces and contacts are made from it."
    entropy: Entropy
    certificates: Certificates
    "Of SIP over TLS, of WebSockets and of HTTPS."
    traces: Traces
    trace_disk: TraceDisk | None
    "Where they are kept; None where the settings keep them in memory alone."


async def lay_foundation(settings: Settings, cleanup: AsyncExitStack) -> Foundation:
    """Read the certificates and open the database. Raises CertificateError and StoreError."""
    certificates = certificates_of(settings)
    warn_of_expiry(certificates)
    loop_lag = LoopLag()
    cleanup.callback(loop_lag.close)
    storage = settings.storage
    store = await Store.open(storage.url, storage.spool_file, time_limit=storage.time_limit)
    cleanup.push_async_callback(store.close)
    traces = Traces(time.time, enabled=settings.trace.enabled)
    events, guard = SecurityEvents(), settings.guard
    return Foundation(
        loop_lag=loop_lag,
        events=events,
        bans=BanList(BanTerms(guard.failures, guard.failure_window, guard.ban_time), events),
        store=store,
        disk=Disk(store, settings.storage, settings.messages.reserve),
        key=await store.secret("nonces"),
        entropy=Entropy(),
        certificates=certificates,
        traces=traces,
        trace_disk=trace_disk_of(settings.trace, traces, cleanup),
    )


def trace_disk_of(
    settings: TraceSettings, traces: Traces, cleanup: AsyncExitStack
) -> TraceDisk | None:
    """The disk that keeps traces; what waits is written at the end."""
    if not settings.enabled or not settings.keep_days:
        return None
    octets = settings.most_megabytes * 1_000_000
    disk = TraceDisk(traces, DiskTerms(settings.folder, settings.keep_days * 86_400.0, octets))
    cleanup.push_async_callback(disk.close)
    return disk
