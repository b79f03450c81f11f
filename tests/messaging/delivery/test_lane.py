"""Queues over the rows of the database: bounded, and nothing lost or sent twice."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from softswitch.calls.kinds.phone import PHONE
from softswitch.messaging.connections.connection import (
    Later,
)
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.routes import Rule
from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.messages import hasten
from tests.messaging.scene import FakeConnection, messages_on, state_of, until


async def test_what_is_accepted_is_on_disk_and_sent_after_a_restart(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("away", seconds=3600)] * 10
    async with messages_on(tmp_path, [sms]) as messages:
        ids = [await messages.send(Outgoing(text=f"{n}", to_address="+361")) for n in range(10)]
        await state_of(messages, ids[-1], "queued")
    again = FakeConnection("sms")
    async with messages_on(tmp_path, [again]) as messages:
        messages.wake("sms")
        await again.until_sent(10)
        for identity in ids:
            await state_of(messages, identity, "sent")
    assert sorted(message.id for message in again.sent) == sorted(ids)


async def test_more_than_memory_holds_is_sent_once_each(tmp_path: Path) -> None:
    sms = FakeConnection("sms", window=20)
    async with messages_on(tmp_path, [sms]) as messages:
        sends = [messages.send(Outgoing(text=f"{n}", to_address="+361")) for n in range(1500)]
        await asyncio.gather(*sends)
        await sms.until_sent(1500)
        assert sorted(int(message.text) for message in sms.sent) == list(range(1500))
        assert messages.lanes["sms"].held <= 1500


async def test_nothing_is_sent_before_its_time(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    now = [1000.0]
    async with messages_on(tmp_path, [sms], clock=lambda: now[0]) as messages:
        later = await messages.send(Outgoing(text="later", to_address="+361", time_to_send=2000.0))
        await messages.send(Outgoing(text="now", to_address="+361"))
        messages.wake("sms")
        await sms.until_sent(1)
        waiting = await messages.folders.list("admin", "outbox", 10)
        assert later in [message.id for message in waiting]
        now[0] = 2000.5
        messages.wake("sms")
        await sms.until_sent(2)
        assert [message.text for message in sms.sent] == ["now", "later"]


async def test_a_recipient_that_comes_back_gets_all_that_waits(tmp_path: Path) -> None:
    sip = FakeConnection("sip", "sip", window=20)
    sip.raises = [Later("away", seconds=3600)] * 700
    kinds = {"1001": PHONE, "1002": PHONE}
    async with messages_on(tmp_path, [sip], kind_of=kinds.get) as messages:
        await asyncio.gather(
            *(messages.send(Outgoing(text=f"{n}", to_address="1001")) for n in range(699)),
            messages.send(Outgoing(text="other", to_address="1002")),
        )
        await until(lambda: not sip.raises and not messages.lanes["sip"].held, 20)
        messages.wake("sip", "1001")
        await sip.until_sent(699)
        await until(lambda: not messages.lanes["sip"].held)
        assert [int(message.text) for message in sip.sent] == list(range(699))


async def test_no_message_is_lost_while_the_disk_refuses(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        write = messages._disk.write
        refusals = [2]

        def failing(*changes: Change) -> asyncio.Future[None]:
            if refusals[0] and changes[0].kind.name == "progress of message":
                refusals[0] -= 1
                raise StoreError("disk full")
            return write(*changes)

        messages.lanes["sms"]._disk.write = failing  # type: ignore[method-assign]
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        await state_of(messages, identity, "sent")
        assert len(sms.sent) == 1
        assert refusals == [0]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_late_write_does_not_undo_that_a_phone_has_come(
    tmp_path: Path, at_once: bool
) -> None:
    """The disk refuses at once, as a full journal does, or through the future."""
    phones = FakeConnection("sip")
    phones.raises = [Later("not registered", seconds=3600)]
    is_away, has_ended = asyncio.Event(), asyncio.Event()
    async with messages_on(tmp_path, [phones], Rule(("sip",))) as messages:
        write = messages._disk.write

        def failing(*changes: Change) -> asyncio.Future[None]:
            if changes[0].kind.name != "progress of message" or has_ended.is_set():
                return write(*changes)
            is_away.set()
            if at_once:
                raise StoreError("the database is away")
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(StoreError("the database is away"))
            return refused

        messages.lanes["sip"]._disk.write = failing  # type: ignore[method-assign]
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        async with asyncio.timeout(10):
            await is_away.wait()
        # The phone registers while the outcome of the first attempt cannot be written yet.
        await write(hasten("sip", "+361", time.time()))
        messages.lanes["sip"].wake()
        await asyncio.sleep(0.1)
        has_ended.set()
        async with asyncio.timeout(10):
            await state_of(messages, identity, "sent")


async def test_messages_of_a_removed_connection_go_elsewhere_or_fail(tmp_path: Path) -> None:
    removed, other = FakeConnection("removed"), FakeConnection("other")
    removed.raises = [Later("down", seconds=3600)] * 9
    other.raises = list(removed.raises)
    rules = Rule(("removed", "other"), to="1*"), Rule(("removed",))
    async with messages_on(tmp_path, [removed, other], *rules, clock=lambda: 1000.0) as messages:
        both = await messages.send(Outgoing(text="x", to_address="1", time_to_send=1001.0))
        alone = await messages.send(Outgoing(text="x", to_address="2", time_to_send=1001.0))
    again = FakeConnection("other")
    async with messages_on(tmp_path, [again], clock=lambda: 1002.0) as messages:
        assert (await state_of(messages, both, "sent")).routes == ["other"]
        assert "removed" in (await state_of(messages, alone, "failed")).error
