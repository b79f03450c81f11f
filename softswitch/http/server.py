"""The HTTP server, in the same event loop as the calls (aiohttp).

`/healthz`, `/metrics` and the web API bring their routes; this file only listens.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError

from softswitch.transport.addresses import cannot_listen

log = structlog.get_logger("http")

LARGEST_BODY = 1024 * 1024
"Octets of a request body; more is answered with 413."
PATIENCE = 2.0
"Seconds that a request may still take when the server ends."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """One listening socket and the routes behind it."""

    def __init__(self, listen: tuple[str, int], routes: Iterable[web.RouteDef]) -> None:
        application = web.Application(
            client_max_size=LARGEST_BODY, middlewares=[_take_what_can_be_read]
        )
        application.add_routes(routes)
        application.on_response_prepare.append(_say_little)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_logger,
            handle_signals=False,
            shutdown_timeout=PATIENCE,
        )
        self.listen = listen

    async def start(self) -> None:
        """Bind and serve; port 0 takes a free one. Raises OSError with a sentence."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, *self.listen)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise cannot_listen(self.listen, error) from error
        self.listen = self._runner.addresses[0][:2]

    async def stop(self) -> None:
        """Stop listening and end what is open."""
        await self._runner.cleanup()


async def _say_little(request: web.Request, response: web.StreamResponse) -> None:
    """No version for scanners, and no guessing of content types for browsers."""
    response.headers["Server"] = "softswitch"
    response.headers["X-Content-Type-Options"] = "nosniff"


@web.middleware
async def _take_what_can_be_read(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 when the body cannot be read, or its sender has gone."""
    try:
        return await handler(request)
    except web.RequestPayloadError as error:
        _note(request.remote, error)
    except ConnectionError as error:
        if request.transport is not None and not request.transport.is_closing():
            raise
        _note(request.remote, error)
    return web.Response(status=400, text="the body cannot be read")


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
