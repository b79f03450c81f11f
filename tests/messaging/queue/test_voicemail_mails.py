"""A mail about a message carries its recording, also when it is sent late, or goes without."""

from __future__ import annotations

import time
from pathlib import Path

from softswitch.messaging.connections.email import EmailConnection, MailServer
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.voicemail_mails import mail_of, recording_of
from softswitch.store.messages import TextMessage
from tests.calls.voicemail.boxes import left, mailboxes
from tests.messaging.connections.test_email import mailbox


def row(mail: Outgoing) -> TextMessage:
    """The mail as the queue keeps it."""
    return TextMessage(
        **mail.content(), id="m1", created_at=time.time(), user="admin", folder="outbox",
        state="queued", valid_until=time.time() + 60, to_connection="mail",
    )  # fmt: skip


async def test_the_recording_is_attached_as_long_as_it_is_there(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    message = await left(boxes)
    assert message is not None
    mail = row(mail_of(message, "ben@example.org", "mail"))
    async with mailbox() as server:
        post = EmailConnection(
            "mail",
            MailServer(host="127.0.0.1", port=server.port, tls="none", sender="pbx@example.org"),
            clock=time.time,
            attached=lambda mail: recording_of(boxes, mail),
        )
        await post.send(mail)
        await boxes.mark(message, "old")
        await post.send(mail)
        sound = boxes.path(boxes.messages("1001")[0]).read_bytes()
        await boxes.delete(boxes.messages("1001")[0])
        await post.send(mail)
    first, second, third = (mail for _, _, mail in server.mails)
    assert first["Subject"] == "Message from Anna (1000) in mailbox 1001"
    for each in (first, second):
        (attachment,) = each.iter_attachments()
        assert attachment.get_content_type() == "audio/wav"
        assert attachment.get_filename() == f"{message.id}.wav"
        assert attachment.get_payload(decode=True) == sound
    assert list(third.iter_attachments()) == []
    for each in (first, third):
        body = each.get_body()
        assert body is not None
        assert "Anna (1000) has left a message of 4 seconds" in body.get_content()
