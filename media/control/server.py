"""The worker's end of the local socket: requests in, answers and events out, never blocking."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from media.control.frames import ControlError, Frames, decode_request, encode, ticket_of
from media.control.session import OrderRefused, Reply, Request, WorkerReport

_log = logging.getLogger(__name__)

CHUNK = 1 << 16
"Octets that are read in one go."
BACKLOG = 1 << 22
"Octets of answers that wait for a signalling process that does not read; then it counts as lost."


class ControlServer:
    """The connection to the signalling process."""

    def __init__(
        self, connection: socket.socket, answer: Callable[[Request], Reply | None]
    ) -> None:
        """Serve a connected stream socket."""
        connection.setblocking(False)
        self._connection = connection
        self._answer = answer
        self._frames = Frames()
        self._unsent = bytearray()
        self.lost = False
        "Whether the signalling process is gone."

    def fileno(self) -> int:
        """Return the descriptor, for the epoll."""
        return self._connection.fileno()

    def at_control(self, now: float) -> None:
        """Read what came, and answer it."""
        try:
            data = self._connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lost = True
            return
        try:
            for body in self._frames.feed_octets(data):
                self._take(body)
        except ControlError as error:
            # out of step: nothing that follows can be trusted
            self.send(OrderRefused(reason=str(error)))
            self.lost = True

    def _take(self, body: bytes) -> None:
        try:
            reply = self._answer(decode_request(body))
        except ControlError as error:
            reply = OrderRefused(ticket=error.ticket, reason=str(error))
        except Exception as error:
            # a mistake of ours with one request must not end every call of this worker
            _log.exception("a request was not obeyed")
            reply = OrderRefused(
                ticket=ticket_of(body), reason=f"a mistake in the worker: {error!r}"
            )
        if reply is not None:
            self.send(reply)

    def send(self, reply: Reply) -> None:
        """Send an answer or an event; a report is left out when others still wait."""
        if self._unsent and isinstance(reply, WorkerReport):
            return
        self._unsent += encode(reply)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        if not self._unsent:
            return
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            self.lost |= len(self._unsent) > BACKLOG
        except OSError:
            self.lost = True
        else:
            del self._unsent[:sent]
