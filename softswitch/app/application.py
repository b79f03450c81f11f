"""Builds every part, joins them, and runs them until SIGTERM; the only file that knows them all.

The order of the start is the order of the promises: the database first, then the bindings that are
on disk, then the workers of the media, and the sockets of SIP last, so that the first datagram
finds everything in place. The end runs backwards.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import structlog

from softswitch.app.build_messages import messages_of
from softswitch.app.build_signalling import (
    binding_address,
    directory_of,
    endpoint_of,
    gate_of,
    media_addresses,
    own_hosts,
    resolve_with,
    routes_of,
    transports_of,
    trunks_of,
)
from softswitch.app.build_web_api import WebApi
from softswitch.app.entropy import Entropy
from softswitch.calls.call.call import Call
from softswitch.calls.call.history import History
from softswitch.calls.call.services import CallLimits, Calls, CallServices
from softswitch.calls.call_ids import CallIds
from softswitch.calls.call_task import Course
from softswitch.calls.dispatch import Dispatch
from softswitch.calls.kinds import served_by
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.registrations import RegistrarLimits, Registrations
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.trunk_watch import TrunkWatch
from softswitch.calls.ports.media_port import MediaWorkers
from softswitch.calls.ports.worker_metrics import worker_metrics
from softswitch.calls.transfer.referral import refer
from softswitch.commands.base.messaging import CommandMessages
from softswitch.guard.events import SecurityEvents
from softswitch.http.health import SwitchStatus, health_routes
from softswitch.http.metrics import metrics_routes
from softswitch.http.server import HttpServer
from softswitch.messaging.connections.connection import SIP
from softswitch.messaging.connections.sip import SipConnection
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.metrics import message_metrics
from softswitch.messaging.smpp.metrics import smpp_metrics
from softswitch.sdp.codecs import named
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords
from softswitch.settings.server import LoggingSettings
from softswitch.settings.values import ListenAddress, join_host_port
from softswitch.sip.registrar.registrar import Registrar
from softswitch.store.store import Store
from softswitch.telemetry.loop_lag import LoopLag
from softswitch.telemetry.metrics import Metric
from softswitch.transport.driver import Driver
from softswitch.transport.keepalive import keep_alive
from softswitch.transport.metrics import transport_metrics
from softswitch.transport.resolver import Resolver

KILLED = 143
"The exit code of a second SIGTERM, as of one that nobody catches."
SAME_SIGNAL = 0.1
"Seconds in which a second signal is the first one again: make passes on what its group gets too."
YOUNG_OBJECTS = 20_000
"Allocations between two collections; what a call allocates is freed by counting references."

log = structlog.get_logger()


class Application:
    """The whole program: `start`, then `drain` and `stop`."""

    def __init__(self, settings: Settings, passwords: Passwords) -> None:
        self.settings = settings
        self.passwords = passwords
        self.status = SwitchStatus.STARTING
        self._cleanup = AsyncExitStack()

    async def start(self) -> None:
        """Start every part; raises OSError, StoreError or WorkerGone, with nothing left behind."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        settings, sip = self.settings, self.settings.sip
        raise_file_limit()
        self.loop_lag = LoopLag()
        self._cleanup.callback(self.loop_lag.close)
        self.events = SecurityEvents()
        self.calls = Calls()

        end_with = self._cleanup.push_async_callback

        self.store = await Store.open(settings.storage.url)
        end_with(self.store.close)
        registrar = Registrar(
            RegistrarLimits(sip.max_contacts, sip.min_expires, sip.default_expires, sip.max_expires)
        )
        self.registrations = Registrations(self.store, registrar)
        await self.registrations.load()
        key = await self.store.secret("nonces")
        entropy = Entropy()
        self.trunks = trunks_of(settings, key, entropy)
        gate = gate_of(
            settings, self.passwords, key, self.events, entropy=entropy, trunks=self.trunks
        )

        self.media = media_workers(settings)
        await self.media.start()
        end_with(self.media.stop)

        self.endpoint = endpoint_of(sip, entropy)
        self.driver = Driver(
            self.endpoint,
            tcp_above=sip.tcp_above,
            write_messages=messages_to_write(settings.logging),
        )
        messaging = CommandMessages()
        self.doors = await self._cleanup.enter_async_context(
            WebApi(settings, self.store, self.passwords.http, self._begin, messaging)
        )
        directory = directory_of(settings)
        house = CallServices(
            domain=sip.domain,
            stack=self.driver,
            ports=self.media,
            registrations=self.registrations,
            directory=directory,
            routing=Routing(directory, own_hosts(settings), routes_of(settings)),
            history=History(self.store),
            calls=self.calls,
            now=time.time,
            call_ids=CallIds(time.time),
            refer=refer,
            limits=call_limits(settings),
            services=served_by({API: self.doors.serve_api, IVR: self.doors.serve_ivr}),
            hold_music=_path(settings.media.hold_music),
            trunks=self.trunks,
        )
        self.doors.join(house)
        self.switch = Dispatch(house, gate, self.registrations)
        self.messages = messages_of(settings, self.store, house, self.doors.message_notices)
        messaging.join(self.messages)
        self.doors.join_messages(self.messages)
        self._join_phones(self.messages)
        self.driver.upper = self.switch.receive

        self.http = HttpServer(
            settings.http.listen,
            [
                *health_routes(lambda: self.status, self.details),
                *metrics_routes(self.metrics()),
                *self.doors.routes(),
            ],
        )
        await self._listen()
        end_with(self.switch.close)
        end_with(self.messages.stop)
        await self.messages.start()
        if self.trunks:
            resolve = resolve_with(Resolver(self.driver.flow))
            watch = TrunkWatch(self.trunks, self.driver, resolve)
            end_with(watch.close)
            self._run("trunks", watch.run)
        self._run_beside(house)
        spare_the_collector()
        self.status = SwitchStatus.READY

    def _run_beside(self, house: CallServices) -> None:
        """Run what is done every now and then."""
        sip = self.settings.sip
        self._run("expired registrations", self.registrations.run)
        self._run("signs of life", lambda: house.history.show_life(self.calls, house.now))
        if sip.options_interval:
            self._run(
                "keep-alive",
                lambda: keep_alive(
                    self.driver, self.registrations, sip.domain, sip.options_interval
                ),
            )

    async def _listen(self) -> None:
        """Open the sockets; raises OSError with the key that names one that cannot be opened."""
        with _named("http.listen"):
            await self.http.start()
        self._cleanup.push_async_callback(self.http.stop)
        with _named("sip.listen"):
            await self.driver.open(transports_of(self.settings, self.driver))
        self._cleanup.push_async_callback(self.driver.close)

    def _join_phones(self, messages: Messages) -> None:
        """MESSAGE of a phone is kept; a phone that registers gets what was kept for it."""
        phones = messages.connections[SIP]
        assert isinstance(phones, SipConnection)
        self.switch.message_desk = phones.receive
        self.registrations.changed = phones.registered

    def _begin(self, call: Call, course: Course) -> None:
        """Let a call that a command starts take its course."""
        self.switch.begin(call, course)

    def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run something beside the calls until the end."""

        async def guarded() -> None:
            try:
                await work()
            except Exception:
                log.exception("task failed", task=name)

        task = asyncio.get_running_loop().create_task(guarded(), name=name)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._cleanup.push_async_callback(end)

    async def drain(self) -> None:
        """Refuse new calls, give the others time to end, then say goodbye to them."""
        self.status = SwitchStatus.DRAINING
        grace = self.settings.shutdown.grace_time
        log.info("draining", calls=len(self.calls), seconds=grace)
        await self.switch.drain(grace)

    async def stop(self) -> None:
        """End every part, the last one first."""
        await self._cleanup.aclose()

    def addresses(self) -> list[str]:
        """Where it listens, with the ports that were really taken."""
        sip = [ListenAddress(part.name, *part.local) for part in self.driver.transports]
        return [*map(str, sip), f"http:{join_host_port(*self.http.listen)}"]

    def metrics(self) -> Iterator[Metric]:
        """What `/metrics` shows besides the process itself."""
        parts = (
            self.driver,
            self.endpoint,
            self.registrations,
            self.events,
            self.loop_lag,
            self.calls,
            self.switch,
            self.trunks,
            self.store.journal,
            self.media.ended,
        )
        for part in parts:
            yield from part.metrics()
        yield from worker_metrics(self.media)
        yield from transport_metrics(self.driver.transports)
        yield from message_metrics(self.messages)
        yield from smpp_metrics(self.messages.connections.values())

    def details(self) -> dict[str, object]:
        """What `/healthz` tells besides the status."""
        return {
            "calls": len(self.calls),
            "registrations": len(self.registrations),
            "trunks": {trunk.name: trunk.state.value for trunk in self.trunks},
            "connections": {name: state.up for name, state in self.messages.states().items()},
            "media_workers": len(self.media.workers),
        }


def media_workers(settings: Settings) -> MediaWorkers:
    """The media processes, not started yet."""
    media = settings.media
    address, address6 = media_addresses(settings.sip, media)
    return MediaWorkers(
        address=address,
        address6=address6,
        bind=binding_address(address),
        ports=(media.ports[0], media.ports[-1]),
        workers=media.workers,
        spoken=named(settings.media.codecs),
        warm_speech=media.warm_speech,
    )


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Name the key of the settings in what goes wrong with the sockets that it lists."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{key}: {error}") from error


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def messages_to_write(logging: LoggingSettings) -> str:
    """What is logged of each message; its line is of level info, so nothing is made in vain."""
    return logging.messages if logging.level in ("debug", "info") else "off"


def call_limits(settings: Settings) -> CallLimits:
    """The bounds of calls."""
    return CallLimits(
        calls=settings.limits.calls,
        legs_per_call=settings.limits.legs_per_call,
        ring_time=settings.sip.ring_time,
        media_timeout=settings.media.timeout,
        hold_timeout=settings.media.hold_timeout,
    )


def raise_file_limit() -> None:
    """Take as many file descriptors as we may: each connection and each call needs some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spare_the_collector() -> None:
    """Leave what was made at the start out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


async def serve(
    settings: Settings, passwords: Passwords, ready: Callable[[Application], None]
) -> None:
    """Run until SIGTERM or SIGINT, then drain; a second signal ends the process at once."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()

    first = float("inf")

    def end() -> None:
        nonlocal first
        if loop.time() > first + SAME_SIGNAL:
            log.warning("ended at once")
            os._exit(KILLED)
        first = min(first, loop.time())
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.set_exception_handler(_report)
    application = Application(settings, passwords)
    starting = asyncio.ensure_future(application.start())
    await asyncio.wait(
        (starting, waiting := asyncio.ensure_future(ending.wait())),
        return_when=asyncio.FIRST_COMPLETED,
    )
    try:
        if not starting.done():
            starting.cancel()
        await starting
        ready(application)
        await waiting
        await application.drain()
    except asyncio.CancelledError:
        if not ending.is_set():
            raise
    finally:
        waiting.cancel()
        await application.stop()


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log what nobody caught."""
    error = context.get("exception")
    log.error(str(context.get("message")), exc_info=error if isinstance(error, Exception) else None)
