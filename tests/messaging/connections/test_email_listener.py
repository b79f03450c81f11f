"""Mails in, by LMTP and SMTP, brought by Python's own clients."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from softswitch.messaging.connections.connection import Full
from softswitch.messaging.connections.email_listener import EmailListener, text_of
from softswitch.messaging.queue.messages import Messages
from tests.messaging.connections.mail import connection
from tests.messaging.scene import messages_on


def listener(protocol: str, **more: Any) -> EmailListener:
    return EmailListener(
        "mail",
        ("127.0.0.1", 0),
        protocol=protocol,
        domains=["example.org"],
        networks=[ip_network(more.pop("network", "127.0.0.0/8"))],
        **more,
    )


def bring(port: int, kind: type[smtplib.SMTP], *recipients: str, **headers: str) -> dict[str, Any]:
    """Bring one mail as another server does; the recipients that were refused."""
    mail = EmailMessage()
    for name, value in {"Subject": "Grüße", "Message-ID": "<1@x>", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hallo Wörld 👍\n")
    with kind("127.0.0.1", port) as server:
        return server.sendmail("me@elsewhere.example", list(recipients), mail.as_bytes())


async def arrive(messages: Messages) -> list[tuple[str, str, str]]:
    found = await messages.folders.list("admin", "inbox", 10)
    return [(message.to_address, message.subject, message.text) for message in found]


@pytest.mark.parametrize(("protocol", "kind"), [("lmtp", smtplib.LMTP), ("smtp", smtplib.SMTP)])
async def test_mails_come_in_once(tmp_path: Path, protocol: str, kind: type[smtplib.SMTP]) -> None:
    listening = listener(protocol)
    async with messages_on(tmp_path, [connection(1, listener=listening)]) as messages:
        waiting = asyncio.ensure_future(
            messages.wait_for("mail@localhost", "me@elsewhere.example", 30)
        )
        for _ in range(2):
            for recipient in ("9000@example.org", "desk@example.org"):
                await asyncio.to_thread(bring, listening.listen[1], kind, recipient)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(bring, listening.listen[1], kind, "x@other.example")
        assert await arrive(messages) == [
            ("9000", "Grüße", "Hallo Wörld 👍"),
            ("desk", "Grüße", "Hallo Wörld 👍"),
        ]
        assert await waiting == "Hallo Wörld 👍"


async def test_nothing_is_answered_that_is_not_stored(tmp_path: Path) -> None:
    listening = listener("smtp")
    async with messages_on(tmp_path, [connection(1, listener=listening)]) as messages:

        def full() -> None:
            raise Full("the disk is full")

        messages._disk.check_room = full  # type: ignore[method-assign]
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await asyncio.to_thread(bring, listening.listen[1], smtplib.SMTP, "a@example.org")
        assert caught.value.smtp_code == 452
        assert await arrive(messages) == []


async def test_lmtp_answers_for_each_recipient(tmp_path: Path) -> None:
    listening = listener("lmtp")
    async with messages_on(tmp_path, [connection(1, listener=listening)]) as messages:
        reader, writer = await asyncio.open_connection(*listening.listen)
        writer.write(
            b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
            b"DATA\r\n"
        )
        async with asyncio.timeout(30):
            await reader.readuntil(b"354 End data with <CR><LF>.<CR><LF>\r\n")
            writer.write(b"Subject: x\r\n\r\nbounce\r\n.\r\n")
            assert [await reader.readline() for _ in "ab"] == [b"250 2.0.0 stored\r\n"] * 2
        writer.close()
        assert [to for to, _, _ in await arrive(messages)] == ["a", "b"]


async def test_only_neighbours_bring_mails(tmp_path: Path) -> None:
    listening = listener("smtp", network="192.0.2.0/24")
    async with messages_on(tmp_path, [connection(1, listener=listening)]) as messages:
        with pytest.raises(smtplib.SMTPSenderRefused):
            await asyncio.to_thread(bring, listening.listen[1], smtplib.SMTP, "a@example.org")
        assert await arrive(messages) == []


def test_the_text_of_a_mail() -> None:
    mail = EmailMessage()
    mail.set_content("<p>a &amp; b</p>\n", subtype="html")
    assert text_of(mail) == "a & b"
    mail = EmailMessage()
    mail.set_content("plain\n")
    mail.add_alternative("<b>rich</b>", subtype="html")
    mail.add_attachment(b"\0\1", maintype="application", subtype="octet-stream")
    assert text_of(mail) == "plain"
