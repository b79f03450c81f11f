"""The only door from call control into the media wing: a port is a leg's row in a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from functools import cache
from itertools import count
from typing import Protocol

from media.contact_id.message import ContactIdMessage
from media.contact_id.message import build_message as build_alarm
from media.control.client import MediaError, NoPortFree, WorkerClient, WorkerGone
from media.control.process import WorkerSettings
from media.control.session import (
    Configure,
    Counted,
    Echo,
    Event,
    Join,
    Leave,
    LegCodec,
    MediaTimeout,
    Opened,
    OrderRefused,
    Reply,
    Request,
    Statistics,
    UnexpectedAddress,
    WorkerReport,
)
from media.control.sound import InstalledVoice, WarmSpeech
from softswitch.calls.ports.ended_legs import EndedLegs
from softswitch.calls.ports.port_alarms import AlarmLine, PortAlarms
from softswitch.calls.ports.port_sound import (
    Played,
    Playing,
    PortSound,
    Recorded,
    RecordingInProgress,
)
from softswitch.sdp.codecs import OPUS, SPOKEN, SdpCodec

__all__ = [
    "AlarmLine",
    "ContactIdMessage",
    "InstalledVoice",
    "LegCodec",
    "MediaPort",
    "MediaWorkers",
    "NoAddress",
    "NoPortFree",
    "OnWorker",
    "Played",
    "Playing",
    "Recorded",
    "RecordingInProgress",
    "Statistics",
    "UnexpectedAddress",
    "WorkerClient",
    "WorkerGone",
    "WorkerReport",
    "build_alarm",
    "speaks_opus",
]

MEDIA_TIMEOUT = "media timeout"
WORKER_DIED = "media worker died"

RESTART_PAUSE = 0.5
"Seconds before a worker that could not be started is tried again."

VOICES_PORTS = (29_000, 29_099)
"Ports of a worker that is only asked for its voices."

_log = logging.getLogger(__name__)


class NoAddress(NoPortFree):
    """We have no address of the far end's family."""


class OnWorker(Protocol):
    """What lives on one worker: a port, a room."""

    @property
    def worker(self) -> WorkerClient:
        """The worker that it lives on."""


class MediaPort(PortSound, PortAlarms):
    """An even RTP port and the odd RTCP port above it, bound, and what arrives on them.

    Everything but `statistics` and `close` is obeyed in order without being awaited. Once the
    worker has died the methods do nothing.
    """

    def __init__(
        self,
        worker: WorkerClient,
        opened: Opened,
        ports: dict[int, MediaPort],
        spoken: tuple[SdpCodec, ...],
        ended: EndedLegs,
    ) -> None:
        PortSound.__init__(self, opened.leg)
        PortAlarms.__init__(self, opened.leg)
        self.worker = worker
        "Ports that are joined have the same one."
        self._ports = ports
        self._ended = ended
        self._closed: asyncio.Future[Statistics] | None = None
        self.address = opened.address
        "What SDP announces."
        self.spoken = spoken
        "What the switch speaks through it by itself, the best first."
        self.rtp_port = opened.rtp_port
        "Even; RTCP is on the port above."
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        "Set when the port cannot serve its call: `media timeout` or `media worker died`."
        self.notice: Callable[[Event], None] | None = None
        "Called with every event of the port, such as `UnexpectedAddress`."

    def configure(
        self,
        *,
        remote: tuple[str, int] | None,
        codecs: Sequence[LegCodec],
        rtcp: tuple[str, int] | None = None,
        ptime: int = 20,
        direction: str = "sendrecv",
        timeout: float = 60.0,
    ) -> None:
        """Set what offer and answer settled; `direction` is that of our own description.

        Every call opens the window in which the far end may prove to be elsewhere than its SDP
        says (behind a NAT): call it when an offer or answer settles, not before and not after.
        """
        self._tell(
            Configure(
                leg=self._leg,
                remote=remote,
                rtcp=rtcp,
                codecs=tuple(codecs),
                ptime=ptime,
                direction=direction,
                timeout=timeout,
            )
        )

    def join(self, other: MediaPort) -> None:
        """Hear the other port and be heard by it; both leave the rooms that they were in.

        Both must have been opened `beside` each other: a room lives on one worker (ValueError).
        """
        if other.worker is not self.worker:
            raise ValueError("ports of two workers cannot be joined; open one beside the other")
        self._tell(Join(leg=self._leg, other=other._leg))

    def leave(self) -> None:
        """Hear nobody and be heard by nobody."""
        self._tell(Leave(leg=self._leg))

    def echo(self) -> None:
        """Hear oneself."""
        self._tell(Echo(leg=self._leg))

    async def statistics(self) -> Statistics:
        """Return the figures so far; those of nothing when the worker is gone."""
        try:
            return await self.worker.statistics(self._leg)
        except (WorkerGone, MediaError):
            return Statistics()

    def close(self) -> asyncio.Future[Statistics]:
        """Free the port at once; its last figures come when the worker has answered.

        Safe to call again. The future never is an exception, and may be cancelled.
        """
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
            self.worker.close(self._leg).add_done_callback(self._end)
        return asyncio.shield(self._closed)

    def _end(self, answer: asyncio.Future[Reply]) -> None:
        reply = answer.result()
        assert self._closed is not None
        counted = reply.statistics if isinstance(reply, Counted) else Statistics()
        self._ended.count(counted)
        self._closed.set_result(counted)
        self._stop_playing()
        self._end_line("the call is over")
        self._let_go()

    def _let_go(self) -> None:
        """Hear no more of the worker, once the files of all recordings are closed."""
        if not self._recordings or self.worker.gone.done():
            self._lose_recordings(WORKER_DIED)
            self._ports.pop(self._leg, None)

    def _tell(self, request: Request) -> None:
        if self._is_open:
            self.worker.tell(request)

    def _tell_worker(self, request: Request) -> None:
        if not self.worker.gone.done():
            self.worker.tell(request)

    @property
    def _is_open(self) -> bool:
        return self._closed is None and not self.worker.gone.done()

    def happened(self, event: Event) -> None:
        """Take an event of the port."""
        if isinstance(event, MediaTimeout):
            self.fail(MEDIA_TIMEOUT)
        self._heard(event)
        self._heard_alarm(event)
        if self._closed is not None and self._closed.done():
            self._let_go()
        if self.notice is not None:
            self.notice(event)

    def fail(self, reason: str) -> None:
        """Let the call know that the port is no longer any use."""
        if not self.gone.done():
            self.gone.set_result(reason)
        if reason == WORKER_DIED:
            self._stop_playing()
            self._end_line(WORKER_DIED)
            self._lose_recordings(WORKER_DIED)


class MediaWorkers:
    """The worker processes: started, watched, replaced when they die."""

    def __init__(
        self,
        *,
        address: str,
        ports: tuple[int, int],
        workers: int = 1,
        address6: str | None = None,
        bind: str | None = None,
        bind6: str | None = None,
        quarantine: float = 5.0,
        warm_speech: bool = False,
        spoken: Sequence[SdpCodec] = SPOKEN,
    ) -> None:
        """Announce `address` (and `address6`) and use `ports`, both ends included.

        `bind` is the local address when it is not the announced one (behind a NAT); `quarantine`
        the seconds that a pair of ports rests after its call; `warm_speech` loads the English
        voice at the start; `spoken` is what the switch speaks by itself, of which Opus is left out
        where this machine lacks its library.
        """
        self._spoken = tuple(each for each in spoken if each is not OPUS or speaks_opus())
        self._warm_speech = warm_speech
        hosts = [(address, bind or address)]
        if address6 is not None:
            hosts.append((address6, bind6 or address6))
        self._families = {":" in announced for announced, _ in hosts}
        "Whether IPv6, for each address that we have."
        self._settings = [
            WorkerSettings(hosts, ports, share=share, shares=workers, quarantine=quarantine)
            for share in range(workers)
        ]
        self._workers: list[WorkerClient | None] = [None] * workers
        self._keepers: list[asyncio.Task[None]] = []
        self._ports: dict[int, MediaPort] = {}
        self._numbers = count(1)
        self.ended = EndedLegs()
        "What is counted of ports that have been closed."
        self.restarts = 0
        "How many workers had to be replaced."

    async def start(self) -> None:
        """Start the workers and wait until every one is ready; raises `WorkerGone`."""
        speaks_opus()
        try:
            for share in range(len(self._workers)):
                self._workers[share] = await self._start(share)
        except BaseException:
            await self.stop()
            raise
        self._keepers = [
            asyncio.create_task(self._keep(share), name=f"media worker {share}")
            for share in range(len(self._workers))
        ]

    async def stop(self) -> None:
        """End the workers, and every port with them."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers = []
        await asyncio.gather(*(worker.stop() for worker in self._workers if worker is not None))
        self._workers = [None] * len(self._workers)
        for port in list(self._ports.values()):
            port.fail(WORKER_DIED)
        self._ports.clear()

    async def open(self, beside: OnWorker | None = None, *, ipv6: bool = False) -> MediaPort:
        """Open a port, on the worker of `beside` if given.

        Raises `NoPortFree`, `NoAddress` (one of them), `WorkerGone`.
        """
        if ipv6 not in self._families:
            raise NoAddress(f"no address for {'IPv6' if ipv6 else 'IPv4'} is configured")
        worker = self.choose() if beside is None else beside.worker
        opened = await worker.open(ipv6=ipv6)
        if worker.gone.done():
            raise WorkerGone("the media worker died")
        port = MediaPort(worker, opened, self._ports, self._spoken, self.ended)
        self._ports[opened.leg] = port
        return port

    async def voices(self) -> list[InstalledVoice]:
        """Return the voices that `speak` takes; raises `WorkerGone`."""
        return await self.choose().voices()

    def reports(self) -> list[WorkerReport]:
        """Return each worker's last report, for /metrics."""
        return [worker.report for worker in self.workers if worker.report is not None]

    @property
    def workers(self) -> list[WorkerClient]:
        """The workers that are alive, for /healthz."""
        return [worker for worker in self._workers if worker is not None]

    def choose(self) -> WorkerClient:
        """Return the worker with the fewest legs; raises `WorkerGone` when none is alive."""
        if not self.workers:
            raise WorkerGone("no media worker is alive")
        return min(self.workers, key=lambda worker: worker.legs)

    async def _start(self, share: int) -> WorkerClient:
        worker = WorkerClient(self._settings[share], self._happened, _log_refused, self._numbers)
        await worker.start()
        if self._warm_speech:
            worker.tell(WarmSpeech())
        return worker

    async def _keep(self, share: int) -> None:
        """Replace a worker whenever it dies; its ports fail with it."""
        while True:
            worker = self._workers[share]
            if worker is not None:
                await worker.gone
                self._workers[share] = None
                self._fail_ports(worker)
                await worker.stop()
                self.restarts += 1
                _log.error("media worker %s died, a new one starts", worker.pid)
            try:
                self._workers[share] = await self._start(share)
            except (WorkerGone, OSError) as error:
                _log.error("media worker does not start: %s", error)
                await asyncio.sleep(RESTART_PAUSE)

    def _fail_ports(self, worker: WorkerClient) -> None:
        for leg, port in list(self._ports.items()):
            if port.worker is worker:
                del self._ports[leg]
                port.fail(WORKER_DIED)

    def _happened(self, event: Event) -> None:
        port = self._ports.get(event.leg)
        if port is not None:
            port.happened(event)


@cache
def speaks_opus() -> bool:
    """Whether the system has the library that workers need for Opus."""
    return find_library("opus") is not None


def _log_refused(refused: OrderRefused) -> None:
    _log.warning("media worker refused: %s", refused.reason)


async def installed_voices() -> list[InstalledVoice]:
    """The voices of this machine, asked of a worker that is started for it.

    Raises `WorkerGone`.
    """
    workers = MediaWorkers(address="127.0.0.1", ports=VOICES_PORTS)
    await workers.start()
    try:
        return await workers.voices()
    finally:
        await workers.stop()
