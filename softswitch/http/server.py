"""The HTTP server, in the same event loop as the calls (aiohttp).

`/healthz`, `/metrics` and the web API bring their routes; this file only listens.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Middleware

from softswitch.http.connections import (
    BodyLate,
    ClientConnections,
    HttpCounts,
    HttpLimits,
    connection_of,
)
from softswitch.http.secure_connections import SecureServer
from softswitch.http.web_sockets import WebSocketEntry
from softswitch.transport.addresses import cannot_listen, family_of

log = structlog.get_logger("http")

LARGEST_BODY = 1024 * 1024
"Octets of a request body; more is answered with 413."
BACKLOG = 1024
"Connections that the kernel may hold until they are accepted."
SWEEP = 1.0
"Seconds between two looks for requests that are late."
LINGERING = 1.0
"Seconds in which the rest of a body that nobody wants is read, so that its sender sees the answer."
PATIENCE = 2.0
"Seconds that a request may still take when the server ends."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """One listening socket, its connections, and the routes behind it."""

    def __init__(
        self,
        listen: tuple[str, int],
        routes: Iterable[web.RouteDef],
        limits: HttpLimits | None = None,
        counts: HttpCounts | None = None,
        *,
        web_sockets: WebSocketEntry | None = None,
        tls: ssl.SSLContext | None = None,
        frames: Iterable[Middleware] = (),
    ) -> None:
        """To be made in a running event loop; `counts` are kept for `/metrics`.

        `web_sockets` is the way in for SIP beside the routes; with `tls` the server speaks HTTPS;
        `frames` are around all that is answered, such as the words of errors.
        """
        self._loop = asyncio.get_running_loop()
        self._web_sockets = web_sockets
        self._tls = tls
        limits = limits or HttpLimits()
        application = web.Application(
            client_max_size=LARGEST_BODY,
            middlewares=(
                self._watch,
                *frames,
                _take_what_can_be_read,
                self._let_web_sockets_in,
            ),
        )
        application.add_routes(routes)
        application.on_response_prepare.append(_say_little)
        self._runner = web.AppRunner(
            application,
            access_log=_logger,
            access_log_class=EndOfAnswer,
            logger=_logger,
            handle_signals=False,
            shutdown_timeout=PATIENCE,
            keepalive_timeout=limits.idle_timeout,
            lingering_time=LINGERING,
        )
        self.connections = ClientConnections(
            limits, counts or HttpCounts(), self._answering, self._loop.time
        )
        self.listen = listen
        self._server: asyncio.Server | SecureServer | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Bind and serve; port 0 takes a free one. Raises OSError with a sentence."""
        await self._runner.setup()
        try:
            sock = socket.create_server(
                self.listen, family=family_of(self.listen[0]), backlog=BACKLOG
            )
        except OSError as error:
            await self._runner.cleanup()
            raise cannot_listen(self.listen, error) from error
        sock.setblocking(False)
        self.listen = sock.getsockname()[:2]
        if self._tls is None:
            self._server = await self._loop.create_server(
                self.connections.new, sock=sock, backlog=BACKLOG
            )
        else:
            self._server = SecureServer(sock, self.connections, self._answering, self._tls)
        self._sweep()

    async def stop(self) -> None:
        """Stop listening and end what is open."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()
        self.connections.abort_all()

    def _answering(self) -> asyncio.Protocol:
        """What parses and answers the requests of a new connection."""
        if self._runner.server is None:
            raise RuntimeError("the server has not been started")
        return self._runner.server()

    def _sweep(self) -> None:
        self.connections.sweep()
        self._sweeping = self._loop.call_later(SWEEP, self._sweep)

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Tell the table when a request has come; `EndOfAnswer` tells when it is answered."""
        self.connections.began(request)
        return await handler(request)

    @web.middleware
    async def _let_web_sockets_in(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Take the requests that want SIP over WebSocket."""
        entry = self._web_sockets
        if entry is not None and entry.is_for(request):
            return await entry.answer(request)
        return await handler(request)


class EndOfAnswer(AbstractAccessLogger):
    """What aiohttp calls when all of an answer has been written, for a line in a log."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Tell the connection; nothing is logged."""
        connection = connection_of(request)
        if connection is not None and connection.request is request:
            connection.answered()


async def _say_little(request: web.Request, response: web.StreamResponse) -> None:
    """No version for scanners, and no guessing of content types for browsers."""
    response.headers["Server"] = "softswitch"
    response.headers["X-Content-Type-Options"] = "nosniff"


@web.middleware
async def _take_what_can_be_read(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 when the body cannot be read, or its sender has gone; 408 when it is late.

    Raises these as HTTPError.
    """
    try:
        return await handler(request)
    except BodyLate:
        late = web.HTTPRequestTimeout(text="the body has not come in time")
        late.force_close()
        raise late from None
    except web.RequestPayloadError as error:
        _note(request.remote, error)
    except ConnectionError as error:
        if request.transport is not None and not request.transport.is_closing():
            raise
        _note(request.remote, error)
    raise web.HTTPBadRequest(text="the body cannot be read")


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a record is about a fault of ours; what is no HTTP gets a line of its own."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError | web.RequestPayloadError):
        return True
    _note(record.args[0] if isinstance(record.args, tuple) and record.args else None, error)
    return False


def _note(source: object, error: BaseException) -> None:
    reason = " ".join((getattr(error, "message", "") or str(error)).split())
    log.debug("bad request", source=source, error=reason)


_logger = logging.getLogger("softswitch.http")
"Where aiohttp reports what went wrong with a request."
_logger.addFilter(_is_ours)
