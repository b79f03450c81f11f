"""Tells applications how calls ended and what went wrong (API reference, section 8).

Nothing depends on these notifications: one that does not arrive is logged.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.order import StartWork
from softswitch.ozml.notifications import Applications, ScriptUnavailable

log = structlog.get_logger("script")


class Reports:
    """Sends CallFinished and Error."""

    def __init__(
        self, applications: Applications, start: StartWork, error_url: str | None = None
    ) -> None:
        """`error_url` hears of errors where no command names another URL."""
        self._applications = applications
        self._start = start
        self._error_url = error_url

    async def finished(self, url: str, fields: Mapping[str, str]) -> None:
        """Send CallFinished."""
        await self._tell(url, "CallFinished", fields)

    async def error(
        self, error: CommandError, fields: Mapping[str, str], url: str | None = None
    ) -> None:
        """Send Error about a call with these fields; does nothing where no URL is known."""
        target = url or self._error_url
        if target is not None:
            about = {**fields, "Code": str(int(error.code)), "Message": error.message}
            await self._tell(target, "Error", about)

    async def error_later(
        self, error: CommandError, fields: Mapping[str, str], url: str | None = None
    ) -> None:
        """Send Error without waiting for the application."""
        self._start(self.error(error, fields, url))

    async def _tell(self, url: str, name: str, fields: Mapping[str, str]) -> None:
        try:
            await self._applications.notify(url, name, fields)
        except ScriptUnavailable as error:
            log.warning(
                "notification failed", call=fields.get("CallId", ""), name=name, error=str(error)
            )
