"""The only door from call control into the media wing: a port is a leg's row in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from media.client import NoPortFree, Worker, WorkerGone
from media.control import Codec, Event, Report, Statistics

__all__ = ["Codec", "MediaPort", "MediaWorkers", "NoPortFree", "Report", "Statistics", "WorkerGone"]

MEDIA_TIMEOUT = "media timeout"
WORKER_DIED = "media worker died"


class MediaPort:
    """An even RTP port and the odd RTCP port above it, bound, and what arrives on them.

    Everything but `close` is obeyed in order without being awaited. After `gone` is set the
    methods do nothing.
    """

    address: str
    "What SDP announces."
    rtp_port: int
    gone: asyncio.Future[str]
    "Set when the port can no longer serve its call: `media timeout` or `media worker died`."
    notice: Callable[[Event], None] | None
    "Called with every event of the port, such as `UnexpectedAddress`."

    def configure(
        self,
        *,
        remote: tuple[str, int] | None,
        codecs: Sequence[Codec],
        rtcp: tuple[str, int] | None = None,
        ptime: int = 20,
        direction: str = "sendrecv",
        timeout: float = 60.0,
    ) -> None:
        """Set what offer and answer settled; `direction` is that of our own description."""
        raise NotImplementedError

    def join(self, other: MediaPort) -> None:
        """Hear the other port and be heard by it; both leave the rooms that they were in.

        Both must have been opened `beside` each other: a room lives on one worker (ValueError).
        """
        raise NotImplementedError

    def leave(self) -> None:
        """Hear nobody and be heard by nobody."""
        raise NotImplementedError

    def echo(self) -> None:
        """Hear oneself."""
        raise NotImplementedError

    async def statistics(self) -> Statistics:
        """Return the figures so far; those of nothing when the worker is gone."""
        raise NotImplementedError

    async def close(self) -> Statistics:
        """Free the port and return its last figures; safe to call again. Never raises."""
        raise NotImplementedError


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
    ) -> None:
        """Announce `address` (and `address6`) and use `ports`, both ends included.

        `bind` is the local address when it is not the announced one (behind a NAT).
        """
        raise NotImplementedError

    async def start(self) -> None:
        """Start the workers and wait until every one is ready; raises `WorkerGone`."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the workers."""
        raise NotImplementedError

    async def open(self, beside: MediaPort | None = None, *, ipv6: bool = False) -> MediaPort:
        """Open a port, on the worker of `beside` if given; raises `NoPortFree`, `WorkerGone`."""
        raise NotImplementedError

    def reports(self) -> list[Report]:
        """Return each worker's last report, for /metrics."""
        raise NotImplementedError

    @property
    def restarts(self) -> int:
        """How many workers had to be replaced."""
        raise NotImplementedError

    @property
    def workers(self) -> list[Worker]:
        """The workers, for /healthz."""
        raise NotImplementedError
