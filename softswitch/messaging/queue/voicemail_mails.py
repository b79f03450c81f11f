"""Mails to owners of mailboxes: each new message, with its recording.

A mail waits in the queue like any other, and outlives a restart there; the recording is attached
when it is sent, from the mailbox. One that was deleted meanwhile is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import structlog

from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.messaging.connections.connection import MessageRefused
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError
from softswitch.store.exchange.voicemails import Voicemail
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.messaging")

TAG = "voicemail"
"The tag of a mail that says which message it is about: mailbox and id."


class VoicemailMails:
    """Sends a mail for each message of a mailbox whose owner has an address."""

    def __init__(
        self,
        mailboxes: AllMailboxes,
        send: Callable[[Outgoing], Awaitable[str]],
        start: Callable[[Awaitable[None]], None],
    ) -> None:
        """`send` keeps a message and returns its id; `start` owns work that nobody waits for."""
        self._mailboxes = mailboxes
        self._send, self._start = send, start

    def arrived(self, message: Voicemail) -> None:
        """Send the owner a mail, if it wants one."""
        settings, by = self._mailboxes.settings(message.mailbox), self._mailboxes.terms.mail_by
        if settings is not None and settings.mailbox_email is not None and by is not None:
            self._start(self._sent(mail_of(message, settings.mailbox_email, by)))

    async def _sent(self, mail: Outgoing) -> None:
        try:
            await self._send(mail)
        except (MessageRefused, StoreError) as error:
            _LOG.error("no mail about a message", to=mail.to_address, error=str(error))


def mail_of(message: Voicemail, address: str, connection: str) -> Outgoing:
    """What the owner is sent about a message."""
    who = message.caller or "an unknown number"
    if message.caller_name:
        who = f"{message.caller_name} ({who})"
    at = datetime.fromtimestamp(message.arrived_at)
    lines = [f"{who} has left a message of {message.seconds:.0f} seconds at {at:%Y-%m-%d %H:%M}."]
    if message.sent_by:
        lines.append(f"Extension {message.sent_by} has sent it on.")
    return Outgoing(
        kind="email",
        connection=connection,
        to_address=address,
        subject=f"Message from {who} in mailbox {message.mailbox}",
        text="\n".join(lines) + "\n",
        tags={TAG: f"{message.mailbox}/{message.id}"},
    )


def recording_of(mailboxes: AllMailboxes, mail: TextMessage) -> Path | None:
    """The recording that goes with a mail; None for one that is about no message, or a gone one."""
    mailbox, _, message_id = mail.tags.get(TAG, "").partition("/")
    message = mailboxes.find(mailbox, message_id)
    return None if message is None else mailboxes.path(message)
