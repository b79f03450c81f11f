"""What is accepted for sending, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.calls.kinds.phone import PHONE
from softswitch.messaging.connections.connection import (
    Arrival,
    Full,
    MessageRefused,
    NoRoute,
)
from softswitch.messaging.queue.outgoing import Outgoing
from tests.messaging.scene import FakeConnection, messages_on, state_of


async def test_a_second_message_with_the_same_id_is_the_same(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        order = Outgoing(text="x", to_address="+361", id="mine", user="a")
        assert await messages.send(order) == await messages.send(order) == "mine"
        await state_of(messages, "mine", "sent")
        with pytest.raises(MessageRefused, match="taken"):
            await messages.send(Outgoing(text="y", to_address="+361", id="mine", user="b"))
        assert len(sms.sent) == 1


@pytest.mark.parametrize(
    "order",
    [
        Outgoing(text="x", to_address="+361", kind="email"),
        Outgoing(text="x", connection="sms@elsewhere.example", to_address="+361"),
        Outgoing(text="x", connection="none@localhost", to_address="+361"),
        Outgoing(text="x", connection="sip@localhost"),
    ],
)
async def test_no_route(tmp_path: Path, order: Outgoing) -> None:
    connections = [FakeConnection("sms"), FakeConnection("sip", "sip")]
    async with messages_on(tmp_path, connections) as messages:
        with pytest.raises(NoRoute):
            await messages.send(order)
        assert await messages.folders.list("admin", "outbox", 10) == []


@pytest.mark.parametrize(
    "order",
    [
        Outgoing(text="x" * 70_000, to_address="+361"),
        Outgoing(text="nul\0", to_address="+361"),
        Outgoing(text="half \ud83d", to_address="+361"),
        Outgoing(text="x", to_address="\udc00"),
        Outgoing(text="x", to_address="+361", subject="half \ud83d"),
        Outgoing(text="x", to_address="+361", tags={"half \ud83d": ""}),
        Outgoing(text="x", to_address="+361", tags={"nul": "\0"}),
        Outgoing(text="x", to_address="+361\r\nBcc: x@example.org"),
        Outgoing(text="x", to_address="+361", from_address="a\nb"),
        Outgoing(text="x", to_address="+361", subject="a\nBcc: b"),
        Outgoing(text="x", to_address="1" * 400),
        Outgoing(text="x", to_address="+361", id="x" * 65),
    ],
)
async def test_what_cannot_be_a_message_is_refused(tmp_path: Path, order: Outgoing) -> None:
    async with messages_on(tmp_path, [FakeConnection("sms")]) as messages:
        with pytest.raises(MessageRefused):
            await messages.send(order)
        assert messages.refused == 1


async def test_a_full_disk_accepts_nothing(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms], reserve=1 << 60) as messages:
        with pytest.raises(Full):
            await messages.send(Outgoing(text="x", to_address="+361"))
        with pytest.raises(Full):
            await messages.arrived(Arrival(connection="sms", text="x"))


async def test_extensions_get_theirs_by_sip(tmp_path: Path) -> None:
    sip, sms = FakeConnection("sip", "sip"), FakeConnection("sms")
    kinds = {"1001": PHONE}
    async with messages_on(tmp_path, [sip, sms], kind_of=kinds.get) as messages:
        await messages.send(Outgoing(text="a", to_address="1001"))
        await messages.send(Outgoing(text="b", connection="1001@localhost"))
        await sip.until_sent(2)
        assert {message.to_address for message in sip.sent} == {"1001"}
