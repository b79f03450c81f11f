"""`GET /healthz`: 200 while calls are taken, else 503; the body is a summary in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from aiohttp import web


class SwitchStatus(StrEnum):
    """The life of the program."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class Health:
    """The status of the switch at this moment; it is there before everything else."""

    __slots__ = ("status",)

    def __init__(self) -> None:
        self.status = SwitchStatus.STARTING


def health_routes(
    health: Health, details: Callable[[], Mapping[str, object]]
) -> list[web.RouteDef]:
    """Serve the status, and what `details` tells beside it."""

    async def healthz(request: web.Request) -> web.Response:
        status = health.status
        return web.json_response(
            {"status": status.value, **details()},
            status=200 if status is SwitchStatus.READY else 503,
        )

    return [web.get("/healthz", healthz)]
