"""The whole switch, complete: built in the order of its promises, ended backwards.

The database comes first, then the bindings that are on disk, then the workers of the media, and the
sockets of SIP last, so that the first datagram finds everything in place.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import web

from softswitch.app.assembly import Parts, build_parts
from softswitch.app.certificates import renew
from softswitch.app.exchange.events import file_was_read, forget_events
from softswitch.app.parts.signalling import transports_of
from softswitch.app.parts.web_api import http_limits, web_api_routes
from softswitch.app.parts.web_sockets import entry_beside_the_api
from softswitch.app.periodic import run_beside, run_periodic_work
from softswitch.app.process import raise_file_limit, share_descriptors, spare_the_collector
from softswitch.app.running_routes import running_routes
from softswitch.app.source import unchanging
from softswitch.calls.ports.figures import write_figures
from softswitch.http.health import Health, SwitchStatus, health_routes
from softswitch.http.metrics import metrics_routes
from softswitch.http.server import HttpServer
from softswitch.http.v1.events.events_api import EventsApi
from softswitch.http.v1.serving import problems
from softswitch.http.v1.webhooks.webhooks_api import WebhooksApi
from softswitch.live.live_settings import Source
from softswitch.live.reports import ReloadReport
from softswitch.live.snapshot import Mistakes
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords
from softswitch.settings.server import TraceSettings
from softswitch.settings.values import ListenAddress, join_host_port
from softswitch.store.errors import StoreError
from softswitch.trace.reading import TraceReader
from softswitch.transport.transport import Transport

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The running switch: made by `await Application.start(…)`, ended by `drain` and `stop`."""

    settings: Settings
    health: Health
    parts: Parts
    http: HttpServer
    cleanup: AsyncExitStack
    "Ends every part, the last one first."

    @classmethod
    async def start(
        cls, settings: Settings, passwords: Passwords, source: Source | None = None
    ) -> Application:
        """Start every part; raises OSError, StoreError or WorkerGone, with nothing left behind.

        `source` is where a reload reads the settings again; without it they stay.
        """
        shares = share_descriptors(raise_file_limit(), settings.limits)
        health = Health()
        async with AsyncExitStack() as cleanup:
            parts = await build_parts(settings, source or unchanging(settings, passwords), cleanup)
            bounds = http_limits(settings, shares.http)
            certificates = parts.foundation.certificates
            transports = list(
                transports_of(settings, parts.signalling, certificates, shares.sip, bounds)
            )
            http = HttpServer(
                settings.http.listen,
                routes_of(settings, health, parts),
                bounds,
                parts.http_counts,
                web_sockets=entry_beside_the_api(settings, transports),
                tls=certificates.server_context() if settings.http.tls else None,
                frames=[parts.audit.frame, problems],
            )
            await _listen(parts, http, transports, cleanup)
            parts.access.recordings.listens_on(http.listen)
            parts.provisioning.urls.listens_on(http.listen[1])
            await _start_work(settings, parts, cleanup)
            # Nothing fails from here on: until now another switch may have its own file there.
            parts.terminal_key.keep(settings, http.listen)
            cleanup.callback(parts.terminal_key.drop)
            spare_the_collector()
            parts.foundation.loop_lag.watch()
            health.status = SwitchStatus.READY
            return cls(
                settings=settings,
                health=health,
                parts=parts,
                http=http,
                cleanup=cleanup.pop_all(),
            )

    async def reload(self) -> ReloadReport:
        """Read the settings file and the files of [tls] again; calls and connections stay.

        Raises Mistakes with the lines of the file; then the settings are what they were.
        """
        note = partial(self.parts.audit.note, username="", login="signal", operation="reload")
        try:
            report = await reload(self.parts)
        except Mistakes as error:
            note(result="422", detail=f"{len(error.found)} mistakes")
            raise
        note(detail=", ".join(f"{name} {told}" for name, told in report.summary().items()))
        return report

    def abandon(self) -> None:
        """Remove what nobody else would where the process ends at once, without `stop`."""
        self.parts.terminal_key.drop()
        shutil.rmtree(self.parts.access.fetched, ignore_errors=True)

    async def drain(self) -> None:
        """Refuse new calls, give the others time to end, then say goodbye to them."""
        self.health.status = SwitchStatus.DRAINING
        grace = 0.0 if self.taken.done() else self.settings.shutdown.grace_time
        log.info("draining", calls=len(self.parts.calls.calls), seconds=grace)
        await self.parts.dispatch.drain(grace, self.settings.shutdown.emergency_time)
        self.parts.lamps.close()

    async def stop(self) -> None:
        """End every part, the last one first."""
        await self.cleanup.aclose()

    @property
    def taken(self) -> asyncio.Future[StoreError]:
        """Done when another switch has taken the database: this one has to end, without a grace."""
        return self.parts.foundation.store.journal.taken

    def addresses(self) -> list[str]:
        """Where it listens, with the ports that were really taken."""
        transports = self.parts.signalling.driver.transports
        sip = [ListenAddress(each.name, *each.local) for each in transports]
        return [*map(str, sip), f"{self.settings.http.scheme}:{join_host_port(*self.http.listen)}"]


def routes_of(settings: Settings, health: Health, parts: Parts) -> Iterator[web.RouteDef]:
    """All that the HTTP server serves."""
    yield from health_routes(health, parts.details)
    yield from running_routes(settings, health, parts)
    yield from metrics_routes(parts.metrics(), None if settings.http.open_metrics else parts.users)
    yield from parts.provisioning.routes(parts.users)
    events, reader = parts.events, parts.foundation.store.reader
    yield from EventsApi(events.journal, events.streams, parts.users).routes()
    yield from WebhooksApi(events.webhooks, reader, parts.users).routes()
    yield from web_api_routes(
        settings,
        parts.users,
        parts.scripting,
        messages=parts.messaging.messages,
        bans=parts.foundation.bans,
        links=parts.access.recordings,
        sessions=parts.sessions,
        tokens=parts.tokens,
        audit=parts.audit,
        store=parts.foundation.store,
        plan=parts.calls.plan,
        parking=parts.calls.parking,
        mailboxes=parts.voicemail.mailboxes,
        removed=parts.removed,
        callbacks=parts.calls.answering.ringer.wishes.callbacks,
        queues=parts.calls.queues,
        code_of=parts.codes.name_of,
        live=parts.live,
        reload=partial(reload, parts),
        prompt_folder=parts.prompt_folder,
        traces=TraceReader(parts.foundation.traces, parts.foundation.trace_disk),
    )


async def _listen(
    parts: Parts, http: HttpServer, transports: Iterable[Transport], cleanup: AsyncExitStack
) -> None:
    """Open the sockets; raises OSError with the key that names one that cannot be opened."""
    driver = parts.signalling.driver
    with _named("http.listen"):
        await http.start()
    cleanup.push_async_callback(http.stop)
    cleanup.callback(parts.events.journal.end_reading)
    with _named("sip.listen"):
        await driver.open(transports, parts.dispatch.receive)
    cleanup.push_async_callback(driver.close)


async def _start_work(settings: Settings, parts: Parts, cleanup: AsyncExitStack) -> None:
    """Take calls and messages, and begin what is done beside them."""
    cleanup.push_async_callback(parts.dispatch.close)
    cleanup.push_async_callback(parts.messaging.messages.stop)
    await parts.messaging.messages.start()
    run_periodic_work(settings, parts.foundation, parts.signalling, parts.calls, cleanup)
    kept = partial(forget_events, parts.events.journal, parts.live)
    run_beside("old events", kept, cleanup)
    await parts.events.webhooks.exchange(settings.webhooks)
    parts.calling_back.look()
    parts.calls.queues.look_soon()
    run_beside("removed mailboxes", parts.removed.purge, cleanup)
    _trace(settings.trace, parts, cleanup)


def _trace(settings: TraceSettings, parts: Parts, cleanup: AsyncExitStack) -> None:
    """Write how calls sound into their traces, and traces to disk."""
    disk, seconds = parts.foundation.trace_disk, settings.media_interval
    if disk is not None:
        run_beside("traces", disk.run, cleanup)
    if settings.enabled and seconds:
        run_beside("sound in traces", partial(write_figures, parts.media.ports, seconds), cleanup)


async def reload(parts: Parts) -> ReloadReport:
    """What SIGHUP, `softswitch reload` and `/v1/reload` do. Raises Mistakes."""
    renew(parts.foundation.certificates)
    try:
        report = await parts.live.reload()
    except Mistakes as error:
        for mistake in error.found:
            log.error("settings not reloaded", mistake=str(mistake))
        raise
    name = parts.live.now.path.name
    parts.events.journal.publish("settings.changed", name, file_was_read(name))
    return report


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Name the key of the settings in what goes wrong with the sockets that it lists."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{key}: {error}") from error
