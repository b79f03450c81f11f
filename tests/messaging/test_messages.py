"""Accepting, sending, trying again, failing over, and what is told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from softswitch.messaging.connections.connection import (
    Arrival,
    DeliveryRefused,
    Full,
    Later,
    MessageRefused,
    NoRoute,
    Receipt,
    Sent,
)
from softswitch.messaging.queue.messages import Outgoing
from softswitch.messaging.queue.notices import NotTold
from softswitch.messaging.queue.receipts import Found
from softswitch.messaging.queue.routes import Rule
from softswitch.store.database.errors import StoreError
from softswitch.store.journal import Change
from softswitch.store.messages import drop_before
from tests.messaging.scene import FakeConnection, Listener, messages_on, state_of, until

TEXTS = ["", "hello", "héllo €", "日本語", "👩‍👩‍👧‍👦 family", "שלום עולם", "x" * 1000, "a\r\nb"]


@pytest.mark.parametrize("text", TEXTS)
async def test_a_message_is_sent_and_lies_in_sent(tmp_path: Path, text: str) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text=text, recipient="+361", user="admin"))
        message = await state_of(messages, identity, "sent")
        assert [sent.text for sent in sms.sent] == [text]
        assert (message.folder, message.text, message.attempts) == ("sent", text, 1)
        assert [found.id for found in await messages.folder("admin", "sent", 10)] == [identity]
        assert await messages.folder("other", "sent", 10) == []


async def test_what_is_accepted_is_on_disk_and_sent_after_a_restart(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("away", seconds=3600)] * 10
    async with messages_on(tmp_path, [sms]) as messages:
        ids = [await messages.send(Outgoing(text=f"{n}", recipient="+361")) for n in range(10)]
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
        sends = [messages.send(Outgoing(text=f"{n}", recipient="+361")) for n in range(1500)]
        await asyncio.gather(*sends)
        await sms.until_sent(1500)
        assert sorted(int(message.text) for message in sms.sent) == list(range(1500))
        assert messages.lanes["sms"].held <= 1500


async def test_a_failure_is_retried_with_growing_waits(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("throttled"), Later("throttled"), OSError("broken")]
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        message = await state_of(messages, identity, "sent")
        assert message.attempts == 4
        assert message.error == ""


async def test_the_next_connection_takes_what_the_first_cannot(tmp_path: Path) -> None:
    first, second = FakeConnection("a"), FakeConnection("b")
    first.raises = [Later("down"), DeliveryRefused("no")]
    rule = Rule(("a", "b"), to="+36*")
    async with messages_on(tmp_path, [first, second], rule) as messages:
        for _ in range(2):
            await messages.send(Outgoing(text="x", recipient="+361"))
        await second.until_sent(2)
        assert first.sent == []


async def test_refused_by_all_is_not_sent(tmp_path: Path) -> None:
    first, second = FakeConnection("a"), FakeConnection("b")
    first.raises, second.raises = [DeliveryRefused("no such number")], [DeliveryRefused("nor here")]
    listener = Listener()
    rule = Rule(("a", "b"))
    async with messages_on(tmp_path, [first, second], rule, tell=listener) as messages:
        identity = await messages.send(
            Outgoing(text="x", recipient="+361", report_url="http://app.example/report")
        )
        message = await state_of(messages, identity, "failed")
        assert (message.folder, message.error) == ("notsent", "nor here")
        await asyncio.wait_for(listener.told.wait(), 5)
        notice = listener.notices[0]
        assert (notice.name, notice.url) == ("SMSDeliveryReport", "http://app.example/report")
        assert notice.fields["Status"] == "Failed"
        assert notice.fields["SmsId"] == identity


async def test_a_message_that_cannot_be_sent_in_time_expires(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("down")] * 1000
    now = [1000.0]
    async with messages_on(tmp_path, [sms], clock=lambda: now[0]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361", valid_until=1000.02))
        now[0] = 1001.0
        messages.wake("sms")
        message = await state_of(messages, identity, "failed")
        assert message.folder == "notsent"


async def test_nothing_is_sent_before_its_time(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    now = [1000.0]
    async with messages_on(tmp_path, [sms], clock=lambda: now[0]) as messages:
        later = await messages.send(Outgoing(text="later", recipient="+361", time_to_send=2000.0))
        await messages.send(Outgoing(text="now", recipient="+361"))
        messages.wake("sms")
        await sms.until_sent(1)
        assert later in [message.id for message in await messages.folder("admin", "outbox", 10)]
        now[0] = 2000.5
        messages.wake("sms")
        await sms.until_sent(2)
        assert [message.text for message in sms.sent] == ["now", "later"]


async def test_a_second_message_with_the_same_id_is_the_same(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        order = Outgoing(text="x", recipient="+361", id="mine", user="a")
        assert await messages.send(order) == await messages.send(order) == "mine"
        await state_of(messages, "mine", "sent")
        with pytest.raises(MessageRefused, match="taken"):
            await messages.send(Outgoing(text="y", recipient="+361", id="mine", user="b"))
        assert len(sms.sent) == 1


@pytest.mark.parametrize(
    "order",
    [
        Outgoing(text="x", recipient="+361", kind="email"),
        Outgoing(text="x", connection="sms@elsewhere.example", recipient="+361"),
        Outgoing(text="x", connection="none@localhost", recipient="+361"),
        Outgoing(text="x", connection="sip@localhost"),
    ],
)
async def test_no_route(tmp_path: Path, order: Outgoing) -> None:
    connections = [FakeConnection("sms"), FakeConnection("sip", "sip")]
    async with messages_on(tmp_path, connections) as messages:
        with pytest.raises(NoRoute):
            await messages.send(order)
        assert await messages.folder("admin", "outbox", 10) == []


@pytest.mark.parametrize(
    "order",
    [
        Outgoing(text="x" * 70_000, recipient="+361"),
        Outgoing(text="nul\0", recipient="+361"),
        Outgoing(text="x", recipient="+361\r\nBcc: x@example.org"),
        Outgoing(text="x", recipient="+361", sender="a\nb"),
        Outgoing(text="x", recipient="+361", subject="a\nBcc: b"),
        Outgoing(text="x", recipient="1" * 400),
        Outgoing(text="x", recipient="+361", id="x" * 65),
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
            await messages.send(Outgoing(text="x", recipient="+361"))
        with pytest.raises(Full):
            await messages.arrived(Arrival(connection="sms", text="x"))


async def test_extensions_get_theirs_by_sip(tmp_path: Path) -> None:
    sip, sms = FakeConnection("sip", "sip"), FakeConnection("sms")
    kinds = {"1001": "phone"}
    async with messages_on(tmp_path, [sip, sms], kind_of=kinds.get) as messages:
        await messages.send(Outgoing(text="a", recipient="1001"))
        await messages.send(Outgoing(text="b", connection="1001@localhost"))
        await sip.until_sent(2)
        assert {message.to_address for message in sip.sent} == {"1001"}


async def test_receipts_decide_over_all_parts(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.answers = lambda message: Sent(("a1", "A2"))
    listener = Listener()
    async with messages_on(tmp_path, [sms], tell=listener) as messages:
        identity = await messages.send(
            Outgoing(text="x", recipient="+361", report_url="http://app.example/")
        )
        await state_of(messages, identity, "sent")
        await messages.reported("sms", Receipt("a1", "delivered"))
        assert (await state_of(messages, identity, "sent")).delivered_at is None
        await messages.reported("sms", Receipt("a1", "delivered"))
        messages.receipts._recent.clear()
        await messages.reported("sms", Receipt("A2", "delivered"))
        message = await state_of(messages, identity, "delivered")
        assert message.delivered_at is not None
        await asyncio.wait_for(listener.told.wait(), 5)
        assert [notice.fields["Status"] for notice in listener.notices] == ["Delivered"]


async def test_a_receipt_may_name_the_id_in_another_base(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.answers = lambda message: Sent(("1F4C",))
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        await state_of(messages, identity, "sent")
        await messages.reported("sms", Receipt(str(0x1F4C), "failed", "UNDELIV"))
        assert (await state_of(messages, identity, "failed")).error == "UNDELIV"


async def test_a_receipt_that_overtakes_the_answer_is_not_lost(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    reports = []

    def answer(message: object) -> Sent:
        reports.append(
            asyncio.ensure_future(messages.reported("sms", Receipt("early", "delivered")))
        )
        return Sent(("early",))

    sms.answers = answer
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        await state_of(messages, identity, "delivered")
        await asyncio.gather(*reports)


async def test_what_arrives_is_kept_told_and_waited_for(tmp_path: Path) -> None:
    listener = Listener()
    listener.raises = [NotTold("away")]
    connections = [FakeConnection("sip", "sip"), FakeConnection("sms")]
    kinds = {"9000": "api"}
    async with messages_on(tmp_path, connections, kind_of=kinds.get, tell=listener) as messages:
        waiting = [
            asyncio.ensure_future(messages.wait_for("sms@localhost", address, 5))
            for address in ("+361", None, None)
        ]
        late = asyncio.ensure_future(messages.wait_for("sms@localhost", None, 0.05))
        await asyncio.sleep(0)
        for text in ("one", "two", "three"):
            await messages.arrived(
                Arrival(connection="sms", text=text, from_address="+361", to_address="9000")
            )
        assert await asyncio.gather(*waiting) == ["one", "two", "three"]
        assert await late is None
        assert len(messages.waiting) == 0
        await until(lambda: len(listener.notices) == 3)
        assert {notice.fields["Message"] for notice in listener.notices} == {"one", "two", "three"}
        assert {notice.extension for notice in listener.notices} == {"9000"}


async def test_folders(tmp_path: Path) -> None:
    async with messages_on(tmp_path, [FakeConnection("sms")]) as messages:
        for number in range(3):
            await messages.arrived(Arrival(connection="sms", text=f"{number}", to_address="1"))
        first = await messages.fetch("admin", "inbox", 1, "delete")
        assert [message.text for message in first] == ["0"]
        marked = await messages.fetch("admin", "inbox", 1, "mark")
        assert [message.text for message in marked] == ["1"]
        left = await messages.fetch("admin", "inbox", 10)
        assert [message.text for message in left] == ["2"]
        assert len(await messages.folder("admin", "inbox", 10)) == 2
        assert await messages.delete("other", "inbox", [left[0].id]) == []
        assert await messages.mark("admin", "inbox", [left[0].id, "none"]) == [left[0].id]
        deleted = await messages.folder("admin", "deleted", 10)
        assert [message.text for message in deleted] == ["0"]
        assert await messages.delete("admin", "deleted", [deleted[0].id]) == [deleted[0].id]
        assert await messages.folder("admin", "deleted", 10) == []


async def test_a_deleted_message_is_not_sent(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.raises = [Later("down", seconds=3600)]
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        await until(lambda: not sms.raises and not messages.lanes["sms"].held)
        assert await messages.delete("admin", "outbox", [identity]) == [identity]
        messages.wake("sms")
        await messages.send(Outgoing(text="y", recipient="+361"))
        await sms.until_sent(1)
        assert [message.text for message in sms.sent] == ["y"]


async def test_the_same_origin_is_the_same_message(tmp_path: Path) -> None:
    async with messages_on(tmp_path, [FakeConnection("sms")]) as messages:
        arrival = Arrival(connection="sms", text="x", origin="sip:1")
        first = await messages.arrived(arrival)
        assert (await messages.arrived(arrival)).id == first.id
        assert len(await messages.folder("admin", "inbox", 10)) == 1


async def test_arrivals_that_must_be_routed(tmp_path: Path) -> None:
    smsc, out = FakeConnection("smsc", "smpp-server"), FakeConnection("out")
    rule = Rule(("out",), to="+36*", source="smsc")
    async with messages_on(tmp_path, [smsc, out], rule) as messages:
        with pytest.raises(NoRoute):
            await messages.arrived(
                Arrival(connection="smsc", text="x", to_address="+49", must_route=True)
            )
        relayed = await messages.arrived(
            Arrival(
                connection="smsc", text="x", from_address="7", to_address="+361",
                must_route=True, report=True,
            )
        )  # fmt: skip
        await out.until_sent(1)
        await state_of(messages, relayed.id, "sent")
        await messages.reported("out", Receipt(relayed.id, "delivered"))
        (receipt,) = await smsc.until_sent(1)
        assert (receipt.kind, receipt.to_address) == ("receipt", "7")
        assert receipt.tags["id"] == relayed.id
        assert receipt.tags["state"] == "delivered"


async def test_a_recipient_that_comes_back_gets_all_that_waits(tmp_path: Path) -> None:
    sip = FakeConnection("sip", "sip", window=20)
    sip.raises = [Later("away", seconds=3600)] * 700
    async with messages_on(
        tmp_path, [sip], kind_of={"1001": "phone", "1002": "phone"}.get
    ) as messages:
        await asyncio.gather(
            *(messages.send(Outgoing(text=f"{n}", recipient="1001")) for n in range(699)),
            messages.send(Outgoing(text="other", recipient="1002")),
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
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        await state_of(messages, identity, "sent")
        assert len(sms.sent) == 1
        assert refusals == [0]


async def test_old_messages_are_removed(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    now = [1000.0]
    async with messages_on(tmp_path, [sms], clock=lambda: now[0]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        await state_of(messages, identity, "sent")
        await messages._disk.write(*drop_before(now[0] + 1))
        assert await messages._disk.find_message(identity) is None
        assert await messages._disk.parts_of(identity) == []


async def test_a_disk_that_cannot_be_read_fails_the_receipt_and_no_other(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", recipient="+361"))
        await state_of(messages, identity, "sent")
        messages.receipts._recent.clear()
        find = messages._disk.find_parts

        async def broken(connection: str, ids: Iterable[str]) -> dict[str, Found]:
            raise StoreError("cannot be read")

        messages._disk.find_parts = broken  # type: ignore[method-assign]
        receipt = Receipt(identity, "delivered")
        results = await asyncio.gather(
            *(messages.reported("sms", receipt) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(result, StoreError) for result in results)
        messages._disk.find_parts = find  # type: ignore[method-assign]
        await messages.reported("sms", receipt)
        assert (await state_of(messages, identity, "delivered")).folder == "sent"


async def test_messages_of_a_connection_that_is_gone_go_elsewhere_or_fail(tmp_path: Path) -> None:
    gone, other = FakeConnection("gone"), FakeConnection("other")
    gone.raises, other.raises = [Later("down", seconds=3600)] * 9, [Later("down", seconds=3600)] * 9
    rules = Rule(("gone", "other"), to="1*"), Rule(("gone",))
    async with messages_on(tmp_path, [gone, other], *rules) as messages:
        both = await messages.send(
            Outgoing(text="x", recipient="1", time_to_send=time.time() + 0.5)
        )
        alone = await messages.send(
            Outgoing(text="x", recipient="2", time_to_send=time.time() + 0.5)
        )
    again = FakeConnection("other")
    async with messages_on(tmp_path, [again]) as messages:
        assert (await state_of(messages, both, "sent")).routes == ["other"]
        assert "gone" in (await state_of(messages, alone, "failed")).error
