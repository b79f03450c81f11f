"""Requests that are too large for UDP try TCP first (RFC 3261 section 18.1.1).

Above 1,300 octets a datagram may be fragmented, and fragments are lost. So a connection to the same
address and port is tried; when it cannot be made, the request goes over UDP after all, and that
target is not asked again for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from softswitch.sip.effects import Flow
from softswitch.transport.transport import Failed

REFUSED_FOR = 600.0
"Seconds during which a target that refused TCP gets large requests over UDP at once."
REMEMBERED = 10_000
"Targets that refused; beyond it all are forgotten."


class Oversize:
    """Which targets refused TCP, and which requests are on their way over it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        flow_over: Callable[[str, tuple[str, int]], Flow],
        hand_over: Callable[[bytes, Flow, Failed | None], None],
    ) -> None:
        """`flow_over(transport, remote)` makes flows; `hand_over` sends."""
        self._loop = loop
        self._flow_over = flow_over
        self._hand_over = hand_over
        self._refused: dict[tuple[str, int], float] = {}
        self._under_way: set[tuple[bytes, Flow]] = set()

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
        return True

    def _refuse(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        """Send over UDP what TCP would not take, and remember it."""
        if len(self._refused) >= REMEMBERED:
            self._refused.clear()
        self._refused[flow.remote] = self._loop.time() + REFUSED_FOR
        self._under_way.discard((data, flow))
        self._hand_over(data, flow, failed)
