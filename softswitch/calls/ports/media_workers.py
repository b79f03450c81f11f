"""The media workers: processes that are started, watched, and replaced when they die."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from functools import cache

from media.control.client import WorkerClient, WorkerGone
from media.control.process import WorkerSettings
from media.control.session import Event, OrderRefused, UnexpectedAddress, WorkerReport
from media.control.sound import InstalledVoice, WarmSpeech
from softswitch.calls.ports.ended_legs import EndedLegs
from softswitch.calls.ports.media_hosts import Names, UnknownHost, address_of, no_names
from softswitch.calls.ports.media_port import WORKER_DIED, MediaPort, NoAddress, OnWorker
from softswitch.calls.ports.prompts import Prompts
from softswitch.sdp.codecs import OPUS, SPOKEN, SdpCodec

__all__ = ["InstalledVoice", "MediaWorkers", "WorkerGone", "installed_voices", "speaks_opus"]

RESTART_PAUSE = 0.5
"Seconds before a worker that could not be started is tried again."

VOICES_PORTS = (29_000, 29_099)
"Ports of a worker that is only asked for its voices."

_log = logging.getLogger(__name__)


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
        unexpected: Callable[[str, UnexpectedAddress], None] | None = None,
        names: Names = no_names,
        prompts: Prompts | None = None,
    ) -> None:
        """Announce `address` (and `address6`) and use `ports`, both ends included.

        `bind` is the local address when it is not the announced one (behind a NAT); `quarantine`
        the seconds that a pair of ports rests after its call; `warm_speech` loads the English
        voice at the start; `spoken` is what the switch speaks by itself, of which Opus is left out
        where this machine lacks its library. `names` finds far ends that are given by name,
        `prompts` what is played for `prompt:NAME`;
        `unexpected` hears, with the id of the call, of packets from an unknown source.
        """
        self._spoken = tuple(each for each in spoken if each is not OPUS or speaks_opus())
        self._warm_speech = warm_speech
        self._names = names
        self.prompts = prompts or Prompts()
        "What ports play for `prompt:NAME`."
        self._address = address
        self._unexpected = unexpected
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
        self._numbers = itertools.count(1)
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

    async def open(
        self, beside: OnWorker | None = None, *, ipv6: bool = False, is_urgent: bool = False
    ) -> MediaPort:
        """Open a port, on the worker of `beside` if given.

        One that `is_urgent` is also opened where the last ports are kept for emergency calls.

        Raises `NoPortFree`, `NoAddress` (one of them), `WorkerGone`.
        """
        if ipv6 not in self._families:
            raise NoAddress(f"no address for {'IPv6' if ipv6 else 'IPv4'} is configured")
        worker = self.choose() if beside is None else beside.worker
        opened = await worker.open(ipv6=ipv6, is_urgent=is_urgent)
        if worker.gone.done():
            raise WorkerGone("the media worker died")
        port = MediaPort(
            worker,
            opened,
            self._ports,
            self._spoken,
            self.ended.count,
            names=self._names,
            prompts=self.prompts,
        )
        self._ports[opened.leg] = port
        return port

    async def find(self, host: str) -> str:
        """Return the address of a far end that may be given by name; raises `NoAddress`."""
        try:
            return await address_of(self._names, host, near=self._address)
        except UnknownHost as error:
            raise NoAddress(str(error)) from error

    async def voices(self) -> list[InstalledVoice]:
        """Return the voices that `speak` takes; raises `WorkerGone`."""
        return await self.choose().voices()

    def reports(self) -> list[WorkerReport]:
        """Return each worker's last report, for /metrics."""
        return [worker.report for worker in self.workers if worker.report is not None]

    def ports(self) -> list[MediaPort]:
        """The ports that are open."""
        return list(self._ports.values())

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
                _log.error("media worker %s %s, a new one starts", worker.pid, worker.fate)
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
        if port is None:
            return
        if isinstance(event, UnexpectedAddress) and self._unexpected is not None:
            self._unexpected(port.call_id, event)
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
