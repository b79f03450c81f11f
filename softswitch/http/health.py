"""`GET /healthz`: 200 while calls are taken, else 503; the body says what goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from aiohttp import web


class SwitchStatus(StrEnum):
    """The life of the program."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


def health_routes(
    status: Callable[[], SwitchStatus], details: Callable[[], Mapping[str, object]]
) -> list[web.RouteDef]:
    """Serve the status, and some figures beside it."""

    async def healthz(request: web.Request) -> web.Response:
        now = status()
        return web.json_response(
            {"status": now.value, **details()}, status=200 if now is SwitchStatus.READY else 503
        )

    return [web.get("/healthz", healthz)]
