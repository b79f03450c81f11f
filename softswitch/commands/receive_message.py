"""Download messages from a folder.

command=ReceiveMessage&Folder=inbox&Limit=2&AfterDownload=delete
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.commands.base.values import ResponseFormat, Url, whole
from softswitch.guard.rights import Right


class AfterDownload(StrEnum):
    """What to do with downloaded messages."""

    DELETE = "delete"
    MARK = "mark"
    LEAVE = "leave"


class Folder(StrEnum):
    """The folders of a user."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    SENT = "sent"
    NOTSENT = "notsent"
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True)
class ReceiveMessage(Command):
    """Download messages of the user, oldest first."""

    contexts = HTTP
    right = Right.OPERATE_OWN

    action: str | None = parameter(default=None, example="receivemessage")
    "Fixed: receivemessage."
    folder: Folder = parameter(default=Folder.INBOX, example="inbox")
    "inbox, outbox, sent, notsent or deleted."
    limit: Annotated[int, whole(1, 1_000)] = parameter(default=100, example="10")
    "Most messages in one answer."
    after_download: AfterDownload = parameter(default=AfterDownload.LEAVE, example="delete")
    "delete, mark (they do not come again) or leave (they come again)."

    continue_url: Url | None = parameter(default=None, example="http://app.example/next")
    "A link in an answer in HTML."
    response_format: ResponseFormat = parameter(default=ResponseFormat.XML, example="html")
    "xml, html or json."

    async def run(self, context: Context) -> Reply:
        rows = await context.switch.messages(
            context.user, self.folder, self.limit, self.after_download
        )
        return Reply(listing=Listing("Messages", "Message", rows))
