"""Mails out through a real server on loopback, which keeps them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from hypothesis import given
from hypothesis import strategies as st

from softswitch.messaging.connections.connection import DeliveryRefused
from softswitch.messaging.connections.email_listener import text_of
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.messages import TextMessage
from tests.messaging.conftest import Certificate
from tests.messaging.connections.mail import connection
from tests.messaging.scene import messages_on, state_of, until

TEXTS = ["hello", "grüß dich €", "日本語 👍", "שלום", "x" * 1000, ".\r\n.\r\nQUIT", "", "a\nb"]


class Mailbox:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.answers: list[str] = []
        self.logins: list[bytes] = []
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        mail = message_from_bytes(envelope.content, policy=default_policy)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "250 OK"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(data.password)
        return AuthResult(success=data.password == b"secret", handled=False)


@asynccontextmanager
async def mailbox(tls: ssl.SSLContext | None = None, **more: Any) -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def speak() -> SMTP:
        protocols.append(
            SMTP(
                box,
                tls_context=tls,
                loop=loop,
                enable_SMTPUTF8=True,
                authenticator=box.authenticate,
                **more,
            )
        )
        return protocols[-1]

    server = await loop.create_server(speak, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for protocol in protocols:
            if protocol.transport is not None:
                protocol.transport.close()
            task = protocol._handler_coroutine
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def test_mails_arrive_as_they_were_written(tmp_path: Path) -> None:
    async with mailbox() as box, messages_on(tmp_path, [connection(box.port)]) as messages:
        for text in TEXTS:
            order = Outgoing(
                text=text, kind="email", to_address="a@mail.example", subject="Tür €", user="admin"
            )
            identity = await messages.send(order)
            await state_of(messages, identity, "sent")
            sender, recipients, mail = box.mails[-1]
            assert (sender, recipients) == ("pbx@example.org", ["a@mail.example"])
            assert mail["Subject"] == "Tür €"
            assert mail["Message-ID"] == f"<{identity}@example.org>"
            assert text_of(mail) == text.replace("\r\n", "\n").rstrip("\n")


async def test_starttls_and_login(tmp_path: Path, certificate: Certificate) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate.certificate, certificate.key)
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    order = Outgoing(text="x", kind="email", to_address="a@mail.example")
    strict = {"require_starttls": True, "auth_require_tls": True, "auth_required": True}
    async with mailbox(served, **strict) as box:
        login = {"tls": "starttls", "context": trusting, "username": "pbx"}
        good = connection(box.port, password="secret", **login)
        async with messages_on(tmp_path / "good", [good]) as messages:
            await state_of(messages, await messages.send(order), "sent")
            assert len(box.mails) == 1
        bad = connection(box.port, password="wrong", **login)
        async with messages_on(tmp_path / "bad", [bad]) as messages:
            await messages.send(order)
            await until(lambda: "535" in bad.state.detail)
        wary = connection(box.port, tls="starttls", context=ssl.create_default_context())
        async with messages_on(tmp_path / "wary", [wary]) as messages:
            await messages.send(order)
            await until(lambda: "certificate" in wary.state.detail.lower())
        assert len(box.mails) == 1


async def test_the_servers_verdict(tmp_path: Path) -> None:
    order = Outgoing(text="x", kind="email", to_address="a@mail.example")
    async with mailbox() as box, messages_on(tmp_path, [connection(box.port)]) as messages:
        box.answers = ["451 busy", "554 spam"]
        identity = await messages.send(order)
        message = await state_of(messages, identity, "failed")
        assert message.error.endswith("554 spam")
        assert message.attempts == 2
        assert box.mails == []


@pytest.mark.parametrize("recipient", ["nobody", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "a b@c"])
async def test_addresses_that_are_none(tmp_path: Path, recipient: str) -> None:
    mail = connection(1)
    with pytest.raises(DeliveryRefused):
        mail.mail_of(_message(to_address=recipient))


def _message(**fields: Any) -> TextMessage:
    return TextMessage(
        **{
            "id": "1", "created_at": 0.0, "user": "a", "folder": "outbox", "state": "queued",
            "valid_until": 0.0, "to_address": "a@mail.example", **fields,
        }
    )  # fmt: skip


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_no_header_can_be_forged(subject: str, sender: str, text: str) -> None:
    try:
        envelope, mail = connection(1).mail_of(
            _message(subject=subject, from_address=sender, text=text)
        )
    except DeliveryRefused:
        return
    read = message_from_bytes(mail.as_bytes(), policy=default_policy)
    assert set(read.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "Content-Type", "MIME-Version",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    assert "\n" not in envelope
    assert len(read.get_all("To") or []) == 1
