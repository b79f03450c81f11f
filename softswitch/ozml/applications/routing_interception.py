"""RoutingInterception: an application chooses where a call goes (API reference, section 8).

Its answer holds `Route`; when it holds none, cannot be had or cannot be read, the dial plan
decides, so that an application that is down does not stop the telephones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.setup.interception import Hop, Interception, Question
from softswitch.commands.base.context import RouteOrder
from softswitch.guard.fetcher import Cookies
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable

log = structlog.get_logger("script")

RunRouting = Callable[[Call, Document, Cookies], Awaitable[RouteOrder | None]]
"Runs an answer; the `Route` in it. Does not raise."


class RoutingInterception:
    """Asks one application about every call that comes in; `route` is `CallSetup.intercept`."""

    def __init__(
        self,
        url: str,
        applications: Applications,
        directory: Directory,
        run: RunRouting,
        interception: Interception,
    ) -> None:
        self._url = url
        self._applications = applications
        self._directory = directory
        self._run = run
        self._interception = interception

    async def route(self, call: Call) -> None:
        """Send a call where the application says; returns when the dial plan is to decide."""
        await self._interception.intercept(call, partial(self._ask, call, Cookies()))

    async def _ask(self, call: Call, cookies: Cookies, question: Question) -> Hop | None:
        fields = {
            "CallId": call.id,
            "CallerID": question.caller,
            "OriginalDialedNumber": question.original,
            "LastDialedNumber": question.last_dialed,
            "LastCalledExtension": question.last_called,
            "LastCallState": question.state,
            "CallerExtension": question.caller if self._directory.find(question.caller) else "",
        }
        try:
            document = await self._applications.notify(
                self._url, "RoutingInterception", fields, cookies
            )
        except ScriptUnavailable as error:
            log.warning(
                "notification failed", call=call.id, name="RoutingInterception", error=str(error)
            )
            return None
        if document is None:
            return None
        order = await self._run(call, document, cookies)
        if order is None:
            return None
        return Hop(order.destination, order.ring_time, order.caller_id, order.dialed_number)
