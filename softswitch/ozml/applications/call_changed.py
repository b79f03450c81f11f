"""CallChanged: an application is told every change of every call, and may answer with commands.

The notifications of one call leave in order; a slow application delays only them, never the call
(API reference, section 8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.numbers.directory import Directory
from softswitch.commands.running.call_fields import call_fields
from softswitch.guard.fetcher import Cookies
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable

log = structlog.get_logger("script")

MOST_WAITING = 100
"Changes of one call that wait for a slow application; further ones are dropped."

RunAbout = Callable[[Call, Document, Cookies], Awaitable[None]]


class CallChanged:
    """Tells one application of all calls; `entered` is a listener of calls."""

    def __init__(
        self,
        url: str,
        applications: Applications,
        directory: Directory,
        run_about: RunAbout,
        start: Callable[[Awaitable[None]], None],
    ) -> None:
        self._url = url
        self._applications = applications
        self._directory = directory
        self._run_about = run_about
        self._start = start
        self._queues: dict[str, asyncio.Queue[tuple[dict[str, str], bool]]] = {}

    def entered(self, call: Call, state: CallState) -> None:
        """Note a change; called in the order of the changes."""
        queue = self._queues.get(call.id)
        if queue is None:
            queue = self._queues[call.id] = asyncio.Queue(MOST_WAITING)
            self._start(self._tell_all(call, queue))
        last = state in FINAL
        if last and queue.full():
            queue.get_nowait()
        if not queue.full():
            queue.put_nowait((call_fields(call, self._directory), last))

    async def _tell_all(
        self, call: Call, queue: asyncio.Queue[tuple[dict[str, str], bool]]
    ) -> None:
        last, cookies = False, Cookies()
        while not last:
            fields, last = await queue.get()
            try:
                document = await self._applications.notify(
                    self._url, "CallChanged", fields, cookies
                )
            except ScriptUnavailable as error:
                log.warning(
                    "notification failed", call=call.id, name="CallChanged", error=str(error)
                )
                continue
            if document is not None:
                self._start(self._run_about(call, document, cookies))
        self._queues.pop(call.id, None)
