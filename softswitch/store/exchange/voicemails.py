"""Messages of mailboxes, and what their owners have chosen; the sound of each is a file."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import MAILBOXES, VOICEMAILS


class Voicemail(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `voicemails`: a message that was left."""

    id: str
    "The name of its file, without the ending."
    mailbox: str
    "The number of the extension."
    folder: str
    "`new`, or `old` once it was heard."
    arrived_at: float
    "Seconds since 1970."
    caller: str
    "The number of who left it; empty where it was hidden."
    caller_name: str
    call_id: str
    seconds: float
    sent_by: str = ""
    "The extension that has sent it on from its own mailbox; empty for one that a caller left."


class MailboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `mailboxes`: what was changed for a mailbox."""

    number: str
    pin: str = ""
    "Salt and digest of the PIN; empty for that of the settings."
    greeting: str = ""
    "The name of the file of its greeting; empty for the spoken one."
    changed_at: float = 0.0
    changed_by: str = ""
    "The extension or the user of the web API that changed it last."


SAVE_MESSAGE = saving("save voicemail", VOICEMAILS)
DROP_MESSAGE = dropping("drop voicemail", VOICEMAILS, "id")
SAVE_MAILBOX = saving("save mailbox", MAILBOXES)
DROP_MAILBOX = dropping("drop mailbox", MAILBOXES, "number")


def save_voicemail(message: Voicemail) -> Change:
    """Write the whole row, new or changed."""
    return Change(SAVE_MESSAGE, ("voicemails", message.id), msgspec.structs.asdict(message))


def drop_voicemail(message_id: str) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP_MESSAGE, ("voicemails", message_id), {"id": message_id})


def save_mailbox(mailbox: MailboxRow) -> Change:
    """Write the whole row, new or changed."""
    return Change(SAVE_MAILBOX, ("mailboxes", mailbox.number), msgspec.structs.asdict(mailbox))


def drop_mailbox(number: str) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP_MAILBOX, ("mailboxes", number), {"number": number})


async def load_voicemails(reader: Reader) -> list[Voicemail]:
    """All messages, the oldest first."""
    query = select(VOICEMAILS).order_by(VOICEMAILS.c.arrived_at, VOICEMAILS.c.id)
    async with reader.connect() as connection:
        return [Voicemail(**row._mapping) for row in await connection.execute(query)]


async def load_mailboxes(reader: Reader) -> list[MailboxRow]:
    """All mailboxes of which something was changed."""
    async with reader.connect() as connection:
        rows = await connection.execute(select(MAILBOXES))
        return [MailboxRow(**row._mapping) for row in rows]
