"""Sent, tried again, handed to the next connection, given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.messaging.connections.connection import (
    DeliveryRefused,
    Later,
)
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.routes import Rule
from tests.messaging.scene import FakeConnection, Listener, messages_on, state_of

TEXTS = ["", "hello", "héllo €", "日本語", "👩‍👩‍👧‍👦 family", "שלום עולם", "x" * 1000, "a\r\nb"]


@pytest.mark.parametrize("text", TEXTS)
async def test_a_message_is_sent_and_lies_in_sent(tmp_path: Path, text: str) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text=text, to_address="+361", user="admin"))
        message = await state_of(messages, identity, "sent")
        assert [sent.text for sent in sms.sent] == [text]
        assert (message.folder, message.text, message.attempts) == ("sent", text, 1)
        (found,) = await messages.folders.list("admin", "sent", 10)
        assert found.id == identity
        assert await messages.folders.list("other", "sent", 10) == []


async def test_a_failure_is_retried_with_growing_waits(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("throttled"), Later("throttled"), OSError("broken")]
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        message = await state_of(messages, identity, "sent")
        assert message.attempts == 4
        assert message.error == ""


async def test_the_next_connection_takes_what_the_first_cannot(tmp_path: Path) -> None:
    first, second = FakeConnection("a"), FakeConnection("b")
    first.raises = [Later("down"), DeliveryRefused("no")]
    rule = Rule(("a", "b"), to="+36*")
    async with messages_on(tmp_path, [first, second], rule) as messages:
        for _ in range(2):
            await messages.send(Outgoing(text="x", to_address="+361"))
        await second.until_sent(2)
        assert first.sent == []


async def test_refused_by_all_is_not_sent(tmp_path: Path) -> None:
    first, second = FakeConnection("a"), FakeConnection("b")
    first.raises, second.raises = [DeliveryRefused("no such number")], [DeliveryRefused("nor here")]
    listener = Listener()
    rule = Rule(("a", "b"))
    async with messages_on(tmp_path, [first, second], rule, tell=listener) as messages:
        identity = await messages.send(
            Outgoing(text="x", to_address="+361", report_url="http://app.example/report")
        )
        message = await state_of(messages, identity, "failed")
        assert (message.folder, message.error) == ("notsent", "nor here")
        await asyncio.wait_for(listener.told.wait(), 30)
        notice = listener.notices[0]
        assert (notice.name, notice.url) == ("SMSDeliveryReport", "http://app.example/report")
        assert notice.fields["Status"] == "Failed"
        assert notice.fields["SmsId"] == identity


async def test_a_message_that_cannot_be_sent_in_time_expires(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("down")] * 1000
    now = [1000.0]
    async with messages_on(tmp_path, [sms], clock=lambda: now[0]) as messages:
        identity = await messages.send(Outgoing(text="x", to_address="+361", valid_until=1000.02))
        now[0] = 1001.0
        messages.wake("sms")
        message = await state_of(messages, identity, "failed")
        assert message.folder == "notsent"
