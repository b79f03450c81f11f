"""Mailboxes and messages as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.store.exchange.voicemails import Voicemail

Folder = Annotated[
    Literal["new", "old"], Meta(description="`old` once it was heard, else `new`; lamps show new.")
]


class MailboxShown(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox."""

    number: Annotated[str, Meta(description="The extension.")]
    name: Annotated[str, Meta(description="Its name.")]
    new: Annotated[int, Meta(description="Messages that nobody has heard.")]
    old: Annotated[int, Meta(description="Messages that were heard.")]
    most: Annotated[int, Meta(description="Messages that it holds.")]
    greeting: Annotated[
        Literal["recorded", "spoken"],
        Meta(description="Whether callers hear a recording, or a voice that speaks the number."),
    ]
    has_pin: Annotated[bool, Meta(description="Whether a PIN opens it from other phones.")]
    email: Annotated[str, Meta(description="Where messages are sent to; empty for nowhere.")]


class MailboxesShown(msgspec.Struct, frozen=True, kw_only=True):
    """All mailboxes."""

    mailboxes: list[MailboxShown]


class VoicemailShown(msgspec.Struct, frozen=True, kw_only=True):
    """A message."""

    id: str
    folder: Folder
    arrived_at: Moment
    caller: Annotated[str, Meta(description="The number; empty where it was hidden.")]
    caller_name: str
    call_id: Annotated[str, Meta(description="The call that left it; see /v1/history.")]
    seconds: Annotated[float, Meta(description="Its length.")]
    sent_by: Annotated[str, Meta(description="The extension that has sent it on; empty for none.")]


class VoicemailsShown(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of a mailbox, the oldest first."""

    messages: list[VoicemailShown]


class VoicemailPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is changed of a message."""

    folder: Folder


class MailboxPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is changed of a mailbox."""

    pin: (
        Annotated[
            str, Meta(pattern="^[0-9]{4,16}$", description="The new PIN, which is never shown.")
        ]
        | UnsetType
        | None
    ) = UNSET
    "None for that of the settings."


def show_mailbox(mailboxes: AllMailboxes, number: str) -> MailboxShown:
    """A mailbox that there is."""
    counts, settings = mailboxes.counts(number), mailboxes.settings(number)
    assert counts is not None
    assert settings is not None
    return MailboxShown(
        number=number,
        name=mailboxes.name(number),
        new=counts.new,
        old=counts.old,
        most=mailboxes.terms.most_messages,
        greeting="recorded" if mailboxes.row(number).greeting else "spoken",
        has_pin=mailboxes.has_pin(number),
        email=settings.mailbox_email or "",
    )


def show_voicemail(message: Voicemail) -> VoicemailShown:
    """A message."""
    return VoicemailShown(
        id=message.id,
        folder="new" if message.folder == "new" else "old",
        arrived_at=moment(message.arrived_at),
        caller=message.caller,
        caller_name=message.caller_name,
        call_id=message.call_id,
        seconds=message.seconds,
        sent_by=message.sent_by,
    )


_NO_MAILBOX = ("There is no such mailbox.", Problem)
_NO_MESSAGE = ("There is no such message.", Problem)
_NOT_KEPT = (
    "The disk or the database takes nothing, or too much is uploaded; nothing has changed.",
    Problem,
)
_BAD = ("A value is wrong; nothing has changed.", Problem)

VOICEMAIL_OPERATIONS = (
    Operation(
        path="/voicemail",
        id="listMailboxes",
        right=Right.SEE_OWN,
        summary="All mailboxes.",
        answers={200: ("Each with its counts.", MailboxesShown)},
    ),
    Operation(
        path="/voicemail/{number}",
        id="showMailbox",
        right=Right.SEE_OWN,
        summary="A mailbox.",
        answers={200: ("Its counts.", MailboxShown), 404: _NO_MAILBOX},
    ),
    Operation(
        path="/voicemail/{number}",
        method="patch",
        id="changeMailbox",
        right=Right.OPERATE_OWN,
        summary="Change the PIN; null is that of the settings.",
        body=MailboxPatch,
        answers={
            200: ("It is changed.", MailboxShown),
            400: _BAD,
            404: _NO_MAILBOX,
            503: _NOT_KEPT,
        },
    ),
    Operation(
        path="/voicemail/{number}/messages",
        id="listVoicemailMessages",
        right=Right.SEE_OWN,
        summary="The messages of a mailbox.",
        answers={200: ("All, the oldest first.", VoicemailsShown), 404: _NO_MAILBOX},
    ),
    Operation(
        path="/voicemail/{number}/messages/{id}",
        method="patch",
        id="markVoicemail",
        right=Right.OPERATE_OWN,
        summary="Let a message be new or old.",
        body=VoicemailPatch,
        answers={200: ("It is.", VoicemailShown), 400: _BAD, 404: _NO_MESSAGE, 503: _NOT_KEPT},
    ),
    Operation(
        path="/voicemail/{number}/messages/{id}",
        method="delete",
        id="deleteVoicemail",
        right=Right.OPERATE_OWN,
        summary="Delete a message and its recording.",
        answers={204: ("It is deleted.", None), 404: _NO_MESSAGE, 503: _NOT_KEPT},
    ),
    Operation(
        path="/voicemail/{number}/messages/{id}/audio",
        id="downloadVoicemail",
        right=Right.SEE_OWN,
        summary="The recording of a message.",
        answers={200: ("The sound.", "audio/wav"), 404: _NO_MESSAGE},
    ),
    Operation(
        path="/voicemail/{number}/greeting",
        id="downloadGreeting",
        right=Right.SEE_OWN,
        summary="The recorded greeting.",
        answers={
            200: ("The sound.", "audio/wav"),
            404: ("The greeting is spoken, or there is no such mailbox.", Problem),
        },
    ),
    Operation(
        path="/voicemail/{number}/greeting",
        method="put",
        id="uploadGreeting",
        body="audio/wav",
        right=Right.OPERATE_OWN,
        summary="Take a greeting: the body is WAV, FLAC, OGG or MP3 of 1 to 180 seconds.",
        answers={
            200: ("Callers hear it.", MailboxShown),
            400: ("It is no such sound; nothing has changed.", Problem),
            404: _NO_MAILBOX,
            413: ("It is too large.", Problem),
            503: _NOT_KEPT,
        },
    ),
    Operation(
        path="/voicemail/{number}/greeting",
        method="delete",
        id="deleteGreeting",
        right=Right.OPERATE_OWN,
        summary="Let callers hear the spoken greeting.",
        answers={200: ("They do.", MailboxShown), 404: _NO_MAILBOX, 503: _NOT_KEPT},
    ),
)
"What `voicemail_api.py` serves."
