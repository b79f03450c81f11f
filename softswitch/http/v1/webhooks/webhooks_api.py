"""`/v1/webhooks`: how the webhooks are doing, and what their servers have not taken."""

from __future__ import annotations

from aiohttp import web

from softswitch.events.webhooks.webhook import NotTaken, Webhook
from softswitch.events.webhooks.webhooks import Webhooks
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.serving import served
from softswitch.http.v1.webhooks.webhooks_json import (
    WEBHOOK_OPERATIONS,
    FailurePage,
    FailuresShown,
    SentAgain,
    WebhooksShown,
    show_failure,
    show_webhook,
)
from softswitch.store.database.reader import Reader
from softswitch.store.events.webhook_rows import count_failures, list_failures

LONGEST_NUMBER = 18
"Digits of the number of an event."


class WebhooksApi:
    """Shows webhooks, and sends events again that were put aside."""

    def __init__(self, webhooks: Webhooks, reader: Reader, users: Users) -> None:
        self._webhooks = webhooks
        self._reader = reader
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {
            "listWebhooks": self.list,
            "listWebhookFailures": self.failures,
            "retryWebhookFailure": self.retry,
        }
        return served(WEBHOOK_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, _user: User) -> web.Response:
        """All webhooks."""
        aside = await count_failures(self._reader)
        shown = [show_webhook(each, aside.get(each.settings.name, 0)) for each in self._webhooks]
        return answer(200, WebhooksShown(webhooks=shown))

    async def failures(self, request: web.Request, _user: User) -> web.Response:
        """A page of what was put aside."""
        page, webhook = asked(request, FailurePage), self._find(request)
        total, rows = await list_failures(
            self._reader, webhook.settings.name, offset=page.offset, limit=page.limit
        )
        shown = [show_failure(row) for row in rows]
        return answer(
            200, FailuresShown(total=total, offset=page.offset, limit=page.limit, failures=shown)
        )

    async def retry(self, request: web.Request, _user: User) -> web.Response:
        """Send an event once more."""
        webhook, text = self._find(request), request.match_info["event"]
        is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
        try:
            if not is_number or not await self._webhooks.send_again(webhook, int(text)):
                name = webhook.settings.name
                raise NotServed(404, f"no event {text[:40]!r} of webhook {name} was put aside")
        except NotTaken as error:
            raise NotServed(502, str(error)) from None
        return answer(200, SentAgain(event=int(text)))

    def _find(self, request: web.Request) -> Webhook:
        name = request.match_info["name"]
        webhook = self._webhooks.get(name)
        if webhook is None:
            raise NotServed(404, f"no webhook {name[:64]!r} in the settings")
        return webhook
