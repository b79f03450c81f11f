"""Mails out through a mail server (SMTP, RFC 5321); the listener takes those that come in.

A mail that arrives is answered 250 when it is on disk. The listener relays nothing: it takes mails
for the domains of the settings, from the networks of the settings.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiosmtplib
import structlog

from softswitch.guard.causes import cause
from softswitch.messaging.connections.connection import (
    ConnectionState,
    DeliveryRefused,
    Hub,
    Later,
    Sent,
)
from softswitch.messaging.connections.email_listener import EmailListener
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.messaging")

Attached = Callable[[TextMessage], Path | None]
"The sound that goes with a message; None for one that is text alone."

ADDRESS = re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,255}")
TIMEOUT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes our mails."""

    host: str
    port: int = 587
    tls: str = "starttls"
    "starttls, tls or none."
    context: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None
    sender: str = ""


class EmailConnection:
    """One mail server for outgoing mails, and a listener for incoming ones."""

    kind = "email"
    window = 4

    def __init__(
        self,
        name: str,
        server: MailServer,
        *,
        listener: EmailListener | None = None,
        clock: Callable[[], float],
        attached: Attached | None = None,
    ) -> None:
        """`attached` finds what goes with a message; see `Attached`."""
        self.name = name
        self._attached = attached
        self.listener = listener
        self._server = server
        self._clock = clock
        self._error = ""

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(not self._error, self._error)

    async def start(self, hub: Hub) -> None:
        """Listen, where the settings say so. Raises OSError."""
        if self.listener is not None:
            await self.listener.start(hub)

    async def stop(self) -> None:
        """Stop listening."""
        if self.listener is not None:
            await self.listener.stop()

    async def send(self, message: TextMessage) -> Sent:
        """Hand a mail to the server; it has the message's id, also at the second attempt."""
        sender, mail = self.mail_of(message)
        if self._attached is not None:
            await asyncio.to_thread(self._attach, mail, self._attached(message))
        server = self._server
        try:
            await aiosmtplib.send(
                mail,
                sender=sender,
                recipients=[message.to_address],
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.tls == "tls",
                start_tls=server.tls == "starttls",
                tls_context=server.context,
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Later(
                self._failed(f"the mail server answers {error.code} {error.message}")
            ) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _verdict(error.recipients[0].code, str(error.recipients[0].message)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _verdict(error.code, error.message) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
            _LOG.debug("mail not sent", connection=self.name, error=repr(error))
            raise Later(self._failed(_cause(error))) from None
        self._error = ""
        return Sent()

    def _failed(self, why: str) -> str:
        self._error = f"{self._server.host}: {why}"
        return self._error

    def _attach(self, mail: EmailMessage, path: Path | None) -> None:
        """Let a sound go with a mail, if it is still there."""
        try:
            sound = path.read_bytes() if path is not None else None
        except OSError as error:
            _LOG.warning("not attached", connection=self.name, error=str(error))
            return
        if path is not None and sound is not None:
            mail.add_attachment(sound, maintype="audio", subtype="wav", filename=path.name)

    def mail_of(self, message: TextMessage) -> tuple[str, EmailMessage]:
        """Sender of the envelope, and mail. Raises DeliveryRefused for what would forge headers."""
        sender = message.from_address
        if ADDRESS.fullmatch(sender) is None:
            sender = self._server.sender
        if ADDRESS.fullmatch(message.to_address) is None:
            raise DeliveryRefused(f"{message.to_address!r} is no e-mail address")
        mail = EmailMessage(policy=SMTP_POLICY)
        try:
            mail["From"] = sender
            mail["To"] = message.to_address
            mail["Subject"] = message.subject
            mail["Date"] = formatdate(message.created_at)
            mail["Message-ID"] = f"<{message.id}@{self._server.sender.partition('@')[2]}>"
            mail.set_content(message.text, charset="utf-8", cte="base64")
        except ValueError as error:
            _LOG.debug("no mail", id=message.id, error=str(error))
            raise DeliveryRefused("its text or subject cannot stand in a mail") from None
        return sender, mail


def _cause(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return "the mail server does not offer STARTTLS or the login that the settings ask for"
    below = error.__cause__
    return cause(below if isinstance(below, OSError) else error)


def _verdict(code: int, text: Any) -> Exception:
    """4xx may be over later, 5xx will not (RFC 5321 section 4.2.1)."""
    if code < 200:
        return Later("what answers is no mail server")
    reason = f"the mail server answers {code} {text}"
    return DeliveryRefused(reason) if code >= 500 else Later(reason)
