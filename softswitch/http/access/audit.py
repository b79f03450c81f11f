"""Writes the audit log: every request that asks to change something, and what became of it.

Below `/v1` a row is on disk before its request is answered, unless the database is away; commands
of `/api` do not wait for theirs. What the database does not take is in the log of the switch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

import msgspec
import structlog
from aiohttp import web

from softswitch.http.access.asked_changes import DONE, LONGEST, asked_change, given_of
from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.exchange.audit import AuditRow, add_audit_row

log = structlog.get_logger("softswitch.security")

PATIENCE = 1.0
"Seconds that an answer waits for its row at most: what was done is done."
PREFIX = "/v1/"
"Left out of targets."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Audit:
    """The audit log while the switch runs."""

    def __init__(
        self,
        write: Callable[[Change], asyncio.Future[None]],
        newest: int = 0,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`newest` is the id of the last row there is; `clock` counts seconds since 1970."""
        self._write = write
        self._last = newest
        self._clock = clock
        self._pending: set[asyncio.Future[None]] = set()

    @web.middleware
    async def frame(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The middleware around all that is answered."""
        status, target = 500, ""
        try:
            answer = await handler(request)
            status, target = answer.status, answer.headers.get("Location", "")
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            change = asked_change(request)
            if change is not None:
                written = self.note(
                    username=change.user.name,
                    login=change.user.login,
                    source=request.remote or "",
                    operation=change.operation,
                    target=unquote(target.removeprefix(PREFIX)) or change.target,
                    result=change.result or (DONE if status < 400 else str(status)),
                    detail=given_of(request),
                )
                if written is not None and not change.hurries:
                    await asyncio.wait((written,), timeout=PATIENCE)
        return answer

    def note(
        self,
        *,
        username: str,
        login: str,
        operation: str,
        source: str = "",
        target: str = "",
        result: str = DONE,
        detail: str = "",
    ) -> asyncio.Future[None] | None:
        """Add a row: done when it is on disk; None where the database does not take it."""
        now = self._clock()
        self._last = max(self._last + 1, int(now * 1_000_000))
        row = AuditRow(
            id=self._last,
            at=now,
            username=username,
            login=login,
            source=source,
            operation=operation,
            target=target[:LONGEST],
            result=result,
            detail=detail[:LONGEST],
        )
        try:
            pending = self._write(add_audit_row(row))
        except StoreError as error:
            _not_written(row, error)
            return None
        self._pending.add(pending)
        pending.add_done_callback(lambda done: self._written(row, done))
        return pending

    async def settle(self) -> None:
        """Return when all that was noted until now is on disk, or cannot be."""
        if self._pending:
            await asyncio.wait(self._pending)

    def _written(self, row: AuditRow, done: asyncio.Future[None]) -> None:
        self._pending.discard(done)
        error = None if done.cancelled() else done.exception()
        if error is not None:
            _not_written(row, error)


def _not_written(row: AuditRow, error: BaseException) -> None:
    facts = {name: value for name, value in msgspec.structs.asdict(row).items() if value}
    log.error("not in the audit log", reason=str(error), **facts)
