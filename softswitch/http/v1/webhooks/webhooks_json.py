"""Webhooks as `/v1/webhooks` shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.events.webhooks.webhook import Webhook
from softswitch.guard.fetcher import shown
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.store.events.webhook_rows import FailureRow


class WebhookShown(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook of the settings."""

    name: str
    url: Annotated[str, Meta(description="Without query and password.")]
    types: Annotated[list[str], Meta(description="Types of events; empty for all.")]
    number: Annotated[str, Meta(description="The extension that it is about; empty for all.")]
    told: Annotated[int, Meta(description="All events up to this one were taken, or put aside.")]
    behind: Annotated[int, Meta(description="How many numbers of events lie behind that.")]
    told_at: Annotated[
        Moment | None, Meta(description="When its server has taken an event last; null for never.")
    ]
    failing: Annotated[int, Meta(description="Attempts that have failed since then.")]
    error: Annotated[str, Meta(description="Why the last of them has failed.")]
    put_aside: Annotated[int, Meta(description="Events that its server has not taken.")]


class WebhooksShown(msgspec.Struct, frozen=True, kw_only=True):
    """All webhooks."""

    webhooks: list[WebhookShown]


class FailurePage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the events that were put aside are listed."""

    limit: Annotated[int, Meta(ge=1, le=500, description="The most events in the answer.")] = 50
    offset: Annotated[int, Meta(ge=0, le=2**31, description="How many to leave out.")] = 0


class FailureShown(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was put aside."""

    event: Annotated[int, Meta(description="Its number.")]
    body: Annotated[str, Meta(description="The event as it was sent, a JSON object.")]
    attempts: int
    error: Annotated[str, Meta(description="Why the last attempt has failed.")]
    failed_at: Moment


class FailuresShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the events that were put aside, the oldest first."""

    total: int
    offset: int
    limit: int
    failures: list[FailureShown]


class SentAgain(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the server has taken now."""

    event: int


def show_webhook(webhook: Webhook, put_aside: int) -> WebhookShown:
    """A webhook as it is now."""
    settings, state = webhook.settings, webhook.state
    return WebhookShown(
        name=settings.name,
        url=shown(settings.url),
        types=list(settings.types),
        number=settings.number,
        told=state.number,
        behind=webhook.behind,
        told_at=moment(state.told_at) if state.told_at else None,
        failing=state.failing,
        error=state.error,
        put_aside=put_aside,
    )


def show_failure(row: FailureRow) -> FailureShown:
    """An event that was put aside."""
    return FailureShown(
        event=row.event,
        body=row.body,
        attempts=row.attempts,
        error=row.error,
        failed_at=moment(row.failed_at),
    )


NO_WEBHOOK = "There is no such webhook, or event that was put aside."

WEBHOOK_OPERATIONS = (
    Operation(
        path="/webhooks",
        id="listWebhooks",
        right=Right.SEE,
        summary="The webhooks of the settings, and how each is doing.",
        answers={200: ("All of them.", WebhooksShown)},
    ),
    Operation(
        path="/webhooks/{name}/failures",
        id="listWebhookFailures",
        right=Right.SEE,
        summary="Events that the server of a webhook has not taken, the oldest first.",
        query=FailurePage,
        answers={
            200: ("The page.", FailuresShown),
            400: ("A parameter is wrong.", Problem),
            404: (NO_WEBHOOK, Problem),
        },
    ),
    Operation(
        path="/webhooks/{name}/failures/{event}/retry",
        method="post",
        id="retryWebhookFailure",
        right=Right.OPERATE,
        summary="Send an event once more that was put aside; it is forgotten when it is taken.",
        answers={
            200: ("The server has taken it.", SentAgain),
            404: (NO_WEBHOOK, Problem),
            502: ("The server has not taken it.", Problem),
        },
    ),
)
"What `webhooks_api.py` serves."
