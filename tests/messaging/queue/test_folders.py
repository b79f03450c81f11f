"""The folders of users."""

from __future__ import annotations

from pathlib import Path

from softswitch.messaging.connections.connection import (
    Arrival,
    Later,
)
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.message_parts import drop_parts_before
from softswitch.store.messages import drop_before
from tests.messaging.scene import FakeConnection, messages_on, state_of, until


async def test_folders(tmp_path: Path) -> None:
    async with messages_on(tmp_path, [FakeConnection("sms")]) as messages:
        for number in range(3):
            await messages.arrived(Arrival(connection="sms", text=f"{number}", to_address="1"))
        first = await messages.folders.fetch("admin", "inbox", 1, "delete")
        assert [message.text for message in first] == ["0"]
        marked = await messages.folders.fetch("admin", "inbox", 1, "mark")
        assert [message.text for message in marked] == ["1"]
        left = await messages.folders.fetch("admin", "inbox", 10)
        assert [message.text for message in left] == ["2"]
        assert len(await messages.folders.list("admin", "inbox", 10)) == 2
        assert await messages.folders.delete("other", "inbox", [left[0].id]) == []
        assert await messages.folders.mark("admin", "inbox", [left[0].id, "none"]) == [left[0].id]
        deleted = await messages.folders.list("admin", "deleted", 10)
        assert [message.text for message in deleted] == ["0"]
        assert await messages.folders.delete("admin", "deleted", [deleted[0].id]) == [deleted[0].id]
        assert await messages.folders.list("admin", "deleted", 10) == []


async def test_a_deleted_message_is_not_sent(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("down", seconds=3600)]
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        await until(lambda: not sms.raises and not messages.lanes["sms"].held)
        assert await messages.folders.delete("admin", "outbox", [identity]) == [identity]
        messages.wake("sms")
        await messages.send(Outgoing(text="y", to_address="+361"))
        await sms.until_sent(1)
        assert [message.text for message in sms.sent] == ["y"]


async def test_old_messages_are_removed(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    now = [1000.0]
    async with messages_on(tmp_path, [sms], clock=lambda: now[0]) as messages:
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        await state_of(messages, identity, "sent")
        await messages._disk.write(drop_before(now[0] + 1), drop_parts_before(now[0] + 1))
        assert await messages._disk.find_message(identity) is None
        assert await messages._disk.parts_of(identity) == []
