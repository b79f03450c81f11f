"""Text messages as `/v1/messages` takes and shows them; `openapi.py` describes these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right, User
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.lists import ListFilter, read_time
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.messaging.connections.connection import LONGEST_ADDRESS, LONGEST_TEXT
from softswitch.messaging.queue.checks import LONGEST_ID
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.lists.messages import MessageFilter
from softswitch.store.messages import TextMessage

FolderName = Literal["inbox", "outbox", "sent", "notsent", "deleted"]
Address = Annotated[str, Meta(max_length=LONGEST_ADDRESS)]


class MessagesAsked(ListFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages are listed; texts compare whole but for `text`."""

    folder: (
        Annotated[FolderName, Meta(description="One folder; without it all but deleted.")] | None
    ) = None
    user: Annotated[str, Meta(description="The user whose folders they lie in.")] = ""
    kind: Annotated[str, Meta(description="sms, email or any.")] = ""
    state: Annotated[str, Meta(description="queued, sent, delivered, failed or received.")] = ""
    connection: Annotated[str, Meta(description="The one that they came by, or go by.")] = ""
    address: Annotated[str, Meta(description="Their sender or their recipient.")] = ""
    text: Annotated[str, Meta(description="Part of the text, the subject or an address.")] = ""

    def of(self, user: User) -> MessageFilter:
        """The same for the store, of what a user may see. Raises BadQuery."""
        return MessageFilter(
            user=self.user or None if user.own is None else user.name,
            folder=self.folder,
            kind=self.kind or None,
            state=self.state or None,
            connection=self.connection or None,
            address=self.address or None,
            text=self.text or None,
            since=read_time("since", self.since),
            until=read_time("until", self.until),
        )


class MessageShown(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a folder."""

    id: str
    folder: FolderName
    user: Annotated[str, Meta(description="The user whose folder it is.")]
    kind: Annotated[str, Meta(description="sms, email or any.")]
    from_address: str = msgspec.field(name="from")
    to_address: str = msgspec.field(name="to")
    subject: str
    text: str
    tags: dict[str, str]
    state: Annotated[str, Meta(description="queued, sent, delivered, failed or received.")]
    error: Annotated[str, Meta(description="Why it has failed, or was not taken the last time.")]
    attempts: Annotated[int, Meta(description="How often it was tried.")]
    from_connection: str
    to_connection: str
    created_at: Annotated[Moment, Meta(description="When it was accepted, or arrived.")]
    time_to_send: Annotated[Moment | None, Meta(description="Not to be sent before.")]
    next_at: Annotated[Moment | None, Meta(description="When it is tried next.")]
    sent_at: Moment | None
    delivered_at: Moment | None
    valid_until: Moment
    downloaded: Annotated[bool, Meta(description="Whether a command has downloaded and marked it.")]


class MessagesListed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages."""

    total: Annotated[int, Meta(description="Messages that the filter lets through.")]
    offset: int
    limit: int
    messages: list[MessageShown]


class MessageGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message to be sent."""

    to: Annotated[
        str,
        Meta(
            min_length=1, max_length=LONGEST_ADDRESS, description="A number, or an e-mail address."
        ),
    ]
    text: Annotated[str, Meta(max_length=LONGEST_TEXT)]
    sender: Annotated[
        str,
        Meta(max_length=LONGEST_ADDRESS, description="Of an application one of its own numbers."),
    ] = msgspec.field(name="from", default="")
    kind: (
        Annotated[
            Literal["sms", "email", "any"],
            Meta(description="Without it email for an address with @, sms for others."),
        ]
        | None
    ) = None
    subject: Annotated[str, Meta(max_length=998, description="Of an e-mail.")] = ""
    connection: Annotated[
        str,
        Meta(max_length=LONGEST_ADDRESS, description="NAME@localhost; empty: the rules choose."),
    ] = ""
    tags: Annotated[dict[str, str], Meta(max_length=64, description="Kept beside it.")] = {}
    time_to_send: Annotated[datetime | None, Meta(description="Not to be sent before.")] = None
    valid_until: Annotated[
        datetime | None, Meta(description="Given up then; without it as the settings say.")
    ] = None
    id: Annotated[
        str,
        Meta(
            max_length=LONGEST_ID,
            pattern="^[ -~]*$",
            description="A name of the sender's for it: a second message with it is the same one.",
        ),
    ] = ""

    def of(self, user: User) -> Outgoing:
        """The message for the queue, in the name of a user."""
        return Outgoing(
            kind=self.kind or ("email" if "@" in self.to else "sms"),
            from_address=self.sender,
            to_address=self.to,
            subject=self.subject,
            text=self.text,
            time_to_send=None if self.time_to_send is None else self.time_to_send.timestamp(),
            tags=self.tags,
            connection=self.connection or None,
            user=user.name,
            id=self.id or None,
            valid_until=None if self.valid_until is None else self.valid_until.timestamp(),
        )


def show_message(message: TextMessage) -> MessageShown:
    """A message as JSON."""
    return MessageShown(
        id=message.id,
        folder=message.folder,  # type: ignore[arg-type]  # the queue knows no other folders
        user=message.user,
        kind=message.kind,
        from_address=message.from_address,
        to_address=message.to_address,
        subject=message.subject,
        text=message.text,
        tags=message.tags,
        state=message.state,
        error=message.error,
        attempts=message.attempts,
        from_connection=message.from_connection,
        to_connection=message.to_connection,
        created_at=moment(message.created_at),
        time_to_send=_maybe(message.time_to_send),
        next_at=_maybe(message.next_at),
        sent_at=_maybe(message.sent_at),
        delivered_at=_maybe(message.delivered_at),
        valid_until=moment(message.valid_until),
        downloaded=message.downloaded,
    )


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


_AWAY = ("The database is away.", Problem)
_NONE = ("There is no such message in a folder of the user's.", Problem)

MESSAGE_OPERATIONS = (
    Operation(
        path="/messages",
        id="listMessages",
        right=Right.SEE_OWN,
        summary="A page of the messages of all folders, of an application those of its own.",
        query=MessagesAsked,
        answers={
            200: ("The page.", MessagesListed),
            400: ("A parameter is wrong.", Problem),
            503: _AWAY,
        },
    ),
    Operation(
        path="/messages",
        method="post",
        id="sendMessage",
        right=Right.OPERATE_OWN,
        summary="Send a message; it is on disk when the answer comes.",
        body=MessageGiven,
        answers={
            200: ("There is a message with that id already: this one.", MessageShown),
            201: ("The message, which waits to be sent.", MessageShown),
            400: ("The body cannot be read.", Problem),
            422: ("Nothing carries such a message.", Problem),
            503: ("The disk is full, or the database is away.", Problem),
        },
    ),
    Operation(
        path="/messages/{message_id}",
        id="showMessage",
        right=Right.SEE_OWN,
        summary="One message.",
        answers={200: ("The message.", MessageShown), 404: _NONE, 503: _AWAY},
    ),
    Operation(
        path="/messages/{message_id}",
        method="delete",
        id="deleteMessage",
        right=Right.OPERATE_OWN,
        summary="Put a message into the folder `deleted`, and remove it from there; it is not "
        "sent any more.",
        answers={204: ("It is done.", None), 404: _NONE, 503: _AWAY},
    ),
)
"What `kept_messages_api.py` serves."
