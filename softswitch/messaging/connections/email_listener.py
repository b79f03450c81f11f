"""Takes mails for our domains by LMTP or SMTP, on disk before the 250 (RFC 5321, RFC 2033)."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Sequence
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as default_policy
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from softswitch.messaging.connections.connection import (
    LONGEST_TEXT,
    Arrival,
    Full,
    Hub,
    MessageRefused,
    NotStarted,
)
from softswitch.store.errors import StoreError
from softswitch.store.texts import storable
from softswitch.transport.addresses import cannot_listen

_LOG = structlog.get_logger("softswitch.messaging")

LARGEST_MAIL = 5_000_000
"Octets; more is refused with 552."
MOST_RECIPIENTS = 100
MOST_CONNECTIONS = 50
_PARSER = BytesParser(EmailMessage, policy=default_policy)
_TAG = re.compile(r"<[^>]*>")


class EmailListener:
    """The listening socket of one e-mail connection."""

    def __init__(
        self,
        connection: str,
        listen: tuple[str, int],
        *,
        protocol: str,
        domains: Sequence[str],
        networks: Sequence[IPv4Network | IPv6Network],
        user: str = "",
    ) -> None:
        self.listen = listen
        self._connection = connection
        self._protocol = protocol
        self._domains = {domain.lower() for domain in domains}
        self._networks = networks
        self._user = user
        self._hub: Hub = NotStarted()
        self._server: asyncio.Server | None = None
        self._open: set[SMTP] = set()

    async def start(self, hub: Hub) -> None:
        """Listen; port 0 takes a free one. Raises OSError with a sentence."""
        self._hub = hub
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._speak, *self.listen)
        except OSError as error:
            raise cannot_listen(self.listen, error) from error
        self.listen = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Stop listening and end what is open."""
        if self._server is None:
            return
        self._server.close()
        tasks = []
        for protocol in list(self._open):
            if protocol.transport is not None:
                protocol.transport.close()
            task = getattr(protocol, "_handler_coroutine", None)
            if task is not None:
                task.cancel()
                tasks.append(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _speak(self) -> asyncio.Protocol:
        kind = LMTP if self._protocol == "lmtp" else SMTP
        protocol: SMTP = kind(
            self,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname="softswitch",
            ident="softswitch",
            loop=asyncio.get_running_loop(),
        )
        self._open = {old for old in self._open if old.transport is not None}
        self._open.add(protocol)
        return protocol

    # The names of these four are those that aiosmtpd looks for.

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Refuse mails from other networks than those of the settings."""
        peer = ip_address(session.peer[0])
        if not any(peer in network for network in self._networks):
            return "550 5.7.1 not from this address"
        if len(self._open) > MOST_CONNECTIONS:
            return "421 4.7.0 too many connections"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Refuse recipients of other domains."""
        if address.rpartition("@")[2].lower() not in self._domains:
            return "550 5.7.1 relaying denied"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        """Store a mail for each recipient; LMTP wants an answer for each, SMTP one for all."""
        recipients = list(envelope.rcpt_tos)
        answers = [
            await self._store(envelope.content, envelope.mail_from or "", recipient)
            for recipient in recipients
        ]
        if self._protocol == "lmtp":
            return "\r\n".join(answers)
        # After a refusal the mail comes again; what was stored is then known by its origin.
        return next((answer for answer in answers if answer[0] != "2"), answers[0])

    async def _store(self, content: bytes, sender: str, recipient: str) -> str:
        try:
            mail = _PARSER.parsebytes(content)
            identity = str(mail.get("Message-ID") or "").strip()[:300]
            text = text_of(mail)
            subject = " ".join(str(mail.get("Subject") or "").split())[:998]
        except (MessageError, LookupError, ValueError) as error:
            _LOG.warning("mail cannot be read", connection=self._connection, error=str(error))
            return "554 5.6.0 the mail cannot be read"
        local, _, _ = recipient.partition("@")
        try:
            await self._hub.arrived(
                Arrival(
                    connection=self._connection,
                    kind="email",
                    text=text,
                    subject="".join(filter(str.isprintable, subject)),
                    from_address=sender,
                    to_address=local,
                    user=self._user,
                    origin=f"{self._connection}:{recipient}:{identity}" if identity else None,
                    tags={"recipient": recipient},
                )
            )
        except (StoreError, Full) as error:
            _LOG.error("mail not stored", connection=self._connection, error=str(error))
            return "452 4.3.1 insufficient system storage"
        except MessageRefused as error:
            return f"550 5.6.0 {str(error)[:200]}"
        return "250 2.0.0 stored"


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail, else its HTML without the tags; attachments are left out."""
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    content = body.get_content()
    text = content if isinstance(content, str) else ""
    if body.get_content_subtype() == "html":
        text = html.unescape(_TAG.sub("", text))
    return storable(text.replace("\r\n", "\n")).rstrip("\n")[:LONGEST_TEXT]
