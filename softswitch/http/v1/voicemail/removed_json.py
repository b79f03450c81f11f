"""What `/v1/voicemail/removed` shows, as classes of JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.voicemail.removed import DAY, RemovedMailbox
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import moment
from softswitch.http.v1.operations import Operation


class RemovedMailboxShown(msgspec.Struct, frozen=True, kw_only=True):
    """The mailbox of an extension that is gone."""

    id: Annotated[str, Meta(description="The name of its folder among the removed ones.")]
    number: Annotated[str, Meta(description="The number that the extension had.")]
    messages: Annotated[int, Meta(description="How many messages it has.")]
    removed_at: Annotated[datetime, Meta(description="When the extension was removed.")]
    kept_until: Annotated[datetime, Meta(description="When it is deleted.")]


class RemovedMailboxesShown(msgspec.Struct, frozen=True):
    """Those that are kept, the oldest first."""

    removed: list[RemovedMailboxShown]


def show_removed(removed: RemovedMailbox, keep_days: int) -> RemovedMailboxShown:
    """One of them."""
    return RemovedMailboxShown(
        id=removed.id,
        number=removed.number,
        messages=len(removed.messages),
        removed_at=moment(removed.removed_at),
        kept_until=moment(removed.removed_at + keep_days * DAY),
    )


REMOVED_OPERATIONS = (
    Operation(
        path="/voicemail/removed",
        id="listRemovedMailboxes",
        right=Right.SEE,
        summary="The mailboxes of extensions that are gone, as long as they are kept.",
        answers={
            200: ("Each with its number.", RemovedMailboxesShown),
            503: ("The disk does not answer.", Problem),
        },
    ),
    Operation(
        path="/voicemail/removed/{id}/restore",
        method="post",
        id="restoreMailbox",
        right=Right.OPERATE,
        summary="Give its messages to the extension that has its number now.",
        answers={
            200: ("They are there.", RemovedMailboxShown),
            404: ("There is none, or nobody with a mailbox has its number.", Problem),
            503: ("The disk or the database takes nothing.", Problem),
        },
    ),
)
"What `removed_api.py` serves."
