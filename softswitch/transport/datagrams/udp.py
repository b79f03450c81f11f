"""SIP over UDP: one socket, a datagram is a message (RFC 3261 section 18).

An idle switch is woken by every datagram. While many come, the socket is left alone for a pause
after each look, and then everything that has gathered is taken in one go: much of what a message
costs is fetching the code and the data that handle it into caches that others have used since the
last one. The rest of the loop goes on meanwhile. What is to be sent leaves together for the same
reason, in its order; an error belongs to the message that met it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from time import perf_counter

import structlog

from softswitch.sip.effects import Flow
from softswitch.transport.addresses import (
    WILDCARDS,
    family_of,
    require_numeric,
    set_dscp,
    source_for,
)
from softswitch.transport.datagrams.stun import answer
from softswitch.transport.messages import call_id, shown
from softswitch.transport.transport import Failed, Receive

SO_RCVBUFFORCE = 33
"Linux: above the limit of net.core.rmem_max, for those who may."
LARGEST = 65_535
"Octets of the longest datagram there can be."
BATCH = 64
"Datagrams that are taken in one go; then everything else has its turn."
BUSY = 200.0
"Datagrams a second from which they are gathered: four in a pause."
PAUSE = 0.02
"Seconds between two looks at a busy socket; nothing in SIP is measured in less than 100 ms."
WINDOW = 0.05
"Seconds over which datagrams are counted."
FLOWS = 8_192
"Flows that are remembered; beyond it all are forgotten and made anew."

log = structlog.get_logger()


class UdpTransport:
    """One UDP socket that listens."""

    name = "udp"

    def __init__(
        self,
        host: str,
        port: int,
        receive: Receive,
        *,
        dscp: int = 24,
        receive_buffer: int = 4 * 1024 * 1024,
    ) -> None:
        self.local = (host, port)
        self._receive = receive
        self._dscp = dscp
        self._receive_buffer = receive_buffer
        self._flows: dict[tuple[str, int], Flow] = {}
        self._socket: socket.socket | None = None
        self._buffer = memoryview(bytearray(LARGEST))
        self._unsent: list[tuple[bytes, Flow, Failed | None]] = []
        self._busy = False
        self._next_look: asyncio.TimerHandle | None = None
        self._began, self._counted = 0.0, 0
        "When the window began, and the datagrams in it."
        self.ignored = 0
        "Keep-alives, STUN among them, and noise."
        self.dropped = 0
        "Messages that the kernel had no room for; the timers of SIP repeat them."

    async def open(self) -> None:
        """Bind the socket; port 0 takes a free one."""
        sock = self._socket = self._bound_socket()
        self.local = (self.local[0], sock.getsockname()[1])
        asyncio.get_running_loop().add_reader(sock, self._look)

    def _bound_socket(self) -> socket.socket:
        family = family_of(self.local[0])
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, self._receive_buffer)
            set_dscp(sock, self._dscp)
            sock.bind(self.local)
        except OSError:
            sock.close()
            raise
        return sock

    @property
    def remembered(self) -> int:
        """How many flows are remembered."""
        return len(self._flows)

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        """The flow to this address; on a wildcard socket `local` is the address they see."""
        flow = self._flows.get(remote)
        if flow is None:
            host, port = self.local
            local = (source_for(remote[0]), port) if host in WILDCARDS else self.local
            flow = Flow("udp", local, remote)
            if len(self._flows) >= FLOWS:
                self._flows.clear()
            self._flows[remote] = flow
        return flow

    def send(self, data: bytes, flow: Flow, failed: Failed | None = None) -> None:
        """Send one datagram, when the socket is busy at the end of this turn of the loop.

        Raises OSError for what the kernel refuses at once; what it refuses later is told to
        `failed`.
        """
        if flow.remote not in self._flows:
            self.flow_to(require_numeric(flow.remote))
        if self._busy or self._unsent:
            if not self._unsent:
                asyncio.get_running_loop().call_soon(self._flush)
            self._unsent.append((data, flow, failed))
        else:
            self._send(data, flow.remote)

    def _send(self, data: bytes, remote: tuple[str, int]) -> None:
        if self._socket is None:
            raise OSError("the socket is closed")
        try:
            self._socket.sendto(data, remote)
        except BlockingIOError:
            self.dropped += 1

    def _flush(self) -> None:
        """Send what has gathered."""
        unsent, self._unsent = self._unsent, []
        for data, flow, failed in unsent:
            try:
                self._send(data, flow.remote)
            except OSError as error:
                log.info("not sent", call=call_id(data), flow=shown(flow), reason=str(error))
                if failed is not None:
                    failed()

    def take_back(self, data: bytes, flow: Flow) -> bool:
        """Datagrams do not wait."""
        return False

    async def close(self) -> None:
        """Send what has gathered, and close the socket."""
        self._flush()
        sock, self._socket = self._socket, None
        if self._next_look is not None:
            self._next_look.cancel()
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    # ------------------------------------------------------------------ what comes in

    def _look(self) -> None:
        """Take what is there; a busy socket is then left alone for a pause.

        The loop goes on meanwhile with everything else; only what comes by this socket gathers.
        """
        now = perf_counter()
        taken = self._take()
        self._counted += taken
        if now - self._began >= WINDOW:
            busy = self._counted >= BUSY * (now - self._began)
            self._began, self._counted = now, 0
            if busy != self._busy:
                self._set_busy(busy)
        if self._busy:
            pause = 0.0 if taken == BATCH else PAUSE - (perf_counter() - now)
            self._next_look = asyncio.get_running_loop().call_later(max(0.0, pause), self._look)

    def _set_busy(self, busy: bool) -> None:
        """Look at the socket whenever something comes, or after pauses."""
        self._busy = busy
        if self._socket is None:
            self._busy = False
        elif busy:
            asyncio.get_running_loop().remove_reader(self._socket)
        else:
            asyncio.get_running_loop().add_reader(self._socket, self._look)

    def _take(self) -> int:
        """Take what is there, a batch at most; returns how many datagrams there were."""
        buffer = self._buffer
        for number in range(BATCH):
            if self._socket is None:
                return number
            try:
                size, remote = self._socket.recvfrom_into(buffer)
            except OSError:
                return number
            data = buffer[:size].tobytes()
            if data[:1] <= b" ":
                data = data.lstrip(b"\r\n")
                if data[:1] <= b" ":
                    # what begins with no printable character is not SIP
                    self._take_other(data, remote)
                    continue
            self._receive(data, self._flows.get(remote) or self.flow_to(remote[:2]))
        return BATCH

    def _take_other(self, data: bytes, remote: tuple[str, int]) -> None:
        """Answer the STUN keep-alive of a phone; ignore everything else."""
        self.ignored += 1
        known = answer(data, remote)
        if known is not None and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(known, remote)
