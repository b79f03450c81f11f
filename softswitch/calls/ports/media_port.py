"""A media port: a leg's row in a worker, and what call control asks of it.

Only this file, `media_workers`, `port_sound` and `port_alarms` import from the media wing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from media.contact_id.message import ContactIdMessage
from media.contact_id.message import build_message as build_alarm
from media.control.client import MediaError, NoPortFree, WorkerClient, WorkerGone
from media.control.security import Dtls, Ice, Security, SrtpKeys
from media.control.session import (
    Configure,
    Counted,
    Echo,
    Event,
    Expect,
    Join,
    Leave,
    LegCodec,
    MediaInsecure,
    MediaSecured,
    MediaTimeout,
    Opened,
    Reply,
    Request,
    Statistics,
    UnexpectedAddress,
    WorkerReport,
)
from softswitch.calls.ports.media_hosts import HostLookup, Names
from softswitch.calls.ports.port_alarms import AlarmLine, PortAlarms
from softswitch.calls.ports.port_sound import PortSound
from softswitch.calls.ports.prompts import Prompts
from softswitch.calls.ports.under_way import Played, Playing, Recorded, RecordingInProgress
from softswitch.sdp.codecs import SdpCodec
from softswitch.transport.addresses import is_numeric

__all__ = [
    "AlarmLine",
    "ContactIdMessage",
    "Dtls",
    "Ice",
    "LegCodec",
    "MediaInsecure",
    "MediaPort",
    "MediaSecured",
    "NoAddress",
    "NoPortFree",
    "OnWorker",
    "Played",
    "Playing",
    "Recorded",
    "RecordingInProgress",
    "Security",
    "SrtpKeys",
    "Statistics",
    "UnexpectedAddress",
    "WorkerClient",
    "WorkerGone",
    "WorkerReport",
    "build_alarm",
]

MEDIA_TIMEOUT = "media timeout"
UNKNOWN_HOST = "media host unknown"
WORKER_DIED = "media worker died"
MEDIA_INSECURE = "media not secured"
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"Where a socket is reached that is bound to all addresses."


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
        count: Callable[[Statistics], None],
        *,
        names: Names,
        prompts: Prompts | None = None,
    ) -> None:
        """Made by `MediaWorkers.open`; `count` takes the last statistics, once it is closed.

        `names` finds a far end that is given by name.
        """
        PortSound.__init__(self, opened.leg, prompts)
        PortAlarms.__init__(self, opened.leg)
        self.worker = worker
        "Ports that are joined have the same one."
        self._ports = ports
        self._count = count
        self._closed: asyncio.Future[Statistics] | None = None
        self.address = opened.address
        "What SDP announces."
        self._lookup = HostLookup(names, self.address)
        self.spoken = spoken
        "What the switch speaks through it by itself, the best first."
        self.rtp_port = opened.rtp_port
        "Even; RTCP is on the port above."
        self.secured = ""
        """The suite of SRTP that the far end and the port encrypt with, as in `a=crypto`; empty for
        plain RTP, and as long as no keys are agreed."""
        self.call_id = ""
        "The call that it serves, for the log."
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Set when the port cannot serve its call: `media timeout`, `media worker died`, `media
        host unknown`, or `media not secured` and why."""

    def configure(
        self,
        *,
        remote: tuple[str, int] | None,
        codecs: Sequence[LegCodec],
        rtcp: tuple[str, int] | None = None,
        ptime: int = 20,
        direction: str = "sendrecv",
        timeout: float = 60.0,
        inside: bool = False,
        security: Security | None = None,
    ) -> None:
        """Set what offer and answer settled; `direction` is that of our own description.

        A far end that is a name is looked up; without an address the port is `gone`.

        Every call opens the window in which the far end may prove to be elsewhere than its SDP
        says (behind a NAT): call it when an offer or answer settles, not before and not after.
        """
        self._lookup.stop()
        wanted = Configure(
            leg=self._leg,
            remote=remote,
            rtcp=rtcp,
            codecs=tuple(codecs),
            ptime=ptime,
            direction=direction,
            timeout=timeout,
            inside=inside,
            security=security,
        )
        self.secured = self._secured_by(security)
        if remote is None or is_numeric(remote[0]):
            self._tell(wanted)
        elif self._is_open:
            self._tell(replace(wanted, remote=None, rtcp=None))
            found = partial(self._found, wanted)
            self._lookup.begin(remote[0], found, partial(self.fail, UNKNOWN_HOST))

    def _secured_by(self, security: Security | None) -> str:
        """The suite as far as descriptions settle it; what a handshake has settled stays."""
        if security is None or (security.srtp is None and security.dtls is None):
            return ""
        return self.secured if security.srtp is None else security.srtp.suite

    def expect(self, security: Security) -> None:
        """Let the port be ready for what may come as soon as an offer has left."""
        self._tell(Expect(leg=self._leg, security=security))

    @property
    def fingerprint(self) -> str:
        """Of the certificate of its worker, as in `a=fingerprint`: `sha-256 AA:BB:…`."""
        return self.worker.fingerprint

    def _found(self, wanted: Configure, address: str) -> None:
        """Configure the port now that the address of the far end is known."""
        host, port = wanted.remote or ("", 0)
        rtcp = wanted.rtcp
        if rtcp is not None and not is_numeric(rtcp[0]):
            rtcp = (address, rtcp[1]) if rtcp[0] == host else None
        self._tell(replace(wanted, remote=(address, port), rtcp=rtcp))

    def inside(self, announced: tuple[str, int] | None) -> tuple[str, int] | None:
        """Where this port reaches another of ours, which SDP announces there.

        The announced address may be that of a NAT, which need not send back what comes from inside.
        """
        if announced is None:
            return None
        host = self.worker.bound_at(announced[0])
        return (LOOPBACK.get(host, host), announced[1])

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
        """Return the statistics so far; all zero when the worker is gone."""
        try:
            counted = await self.worker.statistics(self._leg)
        except (WorkerGone, MediaError):
            return Statistics()
        return replace(counted, srtp=self.secured)

    def close(self) -> asyncio.Future[Statistics]:
        """Free the port at once; its last statistics come when the worker has answered.

        Safe to call again. The future never is an exception, and may be cancelled.
        """
        self._lookup.stop()
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
            self.worker.close(self._leg).add_done_callback(self._end)
        return asyncio.shield(self._closed)

    def _end(self, answer: asyncio.Future[Reply]) -> None:
        reply = answer.result()
        assert self._closed is not None
        counted = reply.statistics if isinstance(reply, Counted) else Statistics()
        counted.srtp = self.secured
        self._count(counted)
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
        elif isinstance(event, MediaSecured):
            self.secured = event.suite
        elif isinstance(event, MediaInsecure):
            self.fail(f"{MEDIA_INSECURE}: {event.reason}")
        self._heard(event)
        self._heard_alarm(event)
        if self._closed is not None and self._closed.done():
            self._let_go()

    def fail(self, reason: str) -> None:
        """Let the call know that the port is no longer any use."""
        if not self.gone.done():
            self.gone.set_result(reason)
        if reason == WORKER_DIED:
            self._stop_playing()
            self._end_line(WORKER_DIED)
            self._lose_recordings(WORKER_DIED)
