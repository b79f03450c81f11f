"""Requests that are too large for UDP try TCP first (RFC 3261 section 18.1.1).

Above 1,300 octets a datagram may be fragmented, and fragments are lost. So a connection to the same
address and port is tried; when it cannot be made at once, the request goes over UDP after all, and
that target is not asked again for a while. Most firewalls answer nothing where TCP is unwelcome, so
a phone behind one would else ring only after the timeout of the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from softswitch.sip.effects import Flow
from softswitch.transport.transport import Failed

PATIENCE = 0.3
"""Seconds in which the connection must be made: more than most round trips, and less than T1, after
which the request would be repeated."""
REFUSED_FOR = 600.0
"Seconds during which a target that refused TCP gets large requests over UDP at once."
REMEMBERED = 10_000
"Targets that refused; beyond it the oldest is forgotten."


class Oversize:
    """Which targets refused TCP, and which requests are on their way over it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        flow_over: Callable[[str, tuple[str, int]], Flow],
        hand_over: Callable[[bytes, Flow, Failed | None], None],
        take_back: Callable[[bytes, Flow], bool],
    ) -> None:
        """`flow_over(transport, remote)` makes flows; `hand_over` sends.

        `take_back` tells whether octets still waited to be sent; if so they will not be.
        """
        self._loop = loop
        self._flow_over = flow_over
        self._hand_over = hand_over
        self._take_back = take_back
        self._refused: dict[tuple[str, int], float] = {}
        self._under_way: set[tuple[bytes, Flow]] = set()

    def __len__(self) -> int:
        """How many targets are remembered."""
        return len(self._refused)

    def takes(self, data: bytes, flow: Flow, failed: Failed | None) -> bool:
        """Send a large request over TCP; False when it must go over UDP."""
        if data.startswith(b"SIP/2.0 "):
            return False
        if self._refused.get(flow.remote, 0.0) > self._loop.time():
            return False
        try:
            tcp = self._flow_over("tcp", flow.remote)
        except OSError:
            return False
        key = (data, flow)
        if key not in self._under_way:
            self._under_way.add(key)
            self._loop.call_later(32.0, self._under_way.discard, key)
            changed = data.replace(b"\r\nVia: SIP/2.0/UDP ", b"\r\nVia: SIP/2.0/TCP ", 1)
            self._hand_over(changed, tcp, lambda: self._refuse(data, flow, failed))
            self._loop.call_later(PATIENCE, self._wait_no_more, changed, tcp, (data, flow, failed))
        return True

    def _wait_no_more(
        self, changed: bytes, tcp: Flow, request: tuple[bytes, Flow, Failed | None]
    ) -> None:
        """Send over UDP what still waits for a connection."""
        if self._take_back(changed, tcp):
            self._refuse(*request)

    def _refuse(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        """Send over UDP what TCP would not take, and remember it."""
        now = self._loop.time()
        self._refused.pop(flow.remote, None)
        self._forget(now)
        self._refused[flow.remote] = now + REFUSED_FOR
        self._under_way.discard((data, flow))
        self._hand_over(data, flow, failed)

    def _forget(self, now: float) -> None:
        """Forget the targets that may be asked again, and make room for one."""
        while self._refused:
            oldest = next(iter(self._refused))
            if self._refused[oldest] > now and len(self._refused) < REMEMBERED:
                return
            del self._refused[oldest]
