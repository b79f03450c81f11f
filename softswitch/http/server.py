"""The HTTP server, in the same event loop as the calls (aiohttp).

Every door (`/healthz`, `/metrics`, the command API) brings its routes; this file only listens.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from softswitch.transport.addresses import cannot_listen

LARGEST_BODY = 1024 * 1024
"Octets of a request body; more is answered with 413."
PATIENCE = 2.0
"Seconds that a request may still take when the server ends."


class HttpServer:
    """One listening socket and the routes behind it."""

    def __init__(self, listen: tuple[str, int], routes: Iterable[web.RouteDef]) -> None:
        application = web.Application(client_max_size=LARGEST_BODY)
        application.add_routes(routes)
        application.on_response_prepare.append(_say_little)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=PATIENCE
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
