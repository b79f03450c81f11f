"""What networks report, joined over parts, in any spelling and order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from softswitch.messaging.connections.connection import (
    Receipt,
    Sent,
)
from softswitch.messaging.delivery.receipts import Found, spellings
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError
from tests.messaging.scene import FakeConnection, Listener, messages_on, state_of


async def test_receipts_decide_over_all_parts(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.answers = lambda message: Sent(("a1", "A2"))
    listener = Listener()
    async with messages_on(tmp_path, [sms], tell=listener) as messages:
        identity = await messages.send(
            Outgoing(text="x", to_address="+361", report_url="http://app.example/")
        )
        await state_of(messages, identity, "sent")
        await messages.reported("sms", Receipt("a1", "delivered"))
        assert (await state_of(messages, identity, "sent")).delivered_at is None
        await messages.reported("sms", Receipt("a1", "delivered"))
        messages.receipts._recent.clear()
        await messages.reported("sms", Receipt("A2", "delivered"))
        message = await state_of(messages, identity, "delivered")
        assert message.delivered_at is not None
        await asyncio.wait_for(listener.told.wait(), 30)
        assert [notice.fields["Status"] for notice in listener.notices] == ["Delivered"]


async def test_a_receipt_may_name_the_id_in_another_base(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    sms.answers = lambda message: Sent(("1F4C",))
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        await state_of(messages, identity, "sent")
        await messages.reported("sms", Receipt(str(0x1F4C), "failed", "UNDELIV"))
        assert (await state_of(messages, identity, "failed")).error == "UNDELIV"


# the id in the answer of the centre, and in its receipt
SAME = [
    ("abc", "abc"),
    ("ABCDEF01", "abcdef01"),
    ("abcdef01", "ABCDEF01"),
    ("1F4C", "8012"),
    ("8012", "1f4c"),
    ("0x1f4c", "1F4C"),
    ("1f4c", "0x1F4C"),
    ("0000123456", "123456"),
    ("123456", "0000123456"),
    ("0012abcd", "12ABCD"),
    ("00001f4c", "8012"),
    ("c0ffee00-0000-4000-8000-00000000000a", "C0FFEE00-0000-4000-8000-00000000000A"),
]


@pytest.mark.parametrize(("answered", "reported"), SAME)
def test_an_id_is_found_in_every_spelling(answered: str, reported: str) -> None:
    found = spellings(reported)
    assert found[0] == reported
    assert answered in found
    assert len(found) == len(set(found)) <= 40


def test_ids_that_only_look_alike_are_not_the_same() -> None:
    assert "abc1" not in spellings("abc2")
    assert "1230" not in spellings("123")
    assert spellings("plain text") == ["plain text", "PLAIN TEXT"]
    assert len(spellings("f" * 64)) == 2


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
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
        await state_of(messages, identity, "delivered")
        await asyncio.gather(*reports)


async def test_a_disk_that_cannot_be_read_fails_the_receipt_and_no_other(tmp_path: Path) -> None:
    sms = FakeConnection("sms")
    async with messages_on(tmp_path, [sms]) as messages:
        identity = await messages.send(Outgoing(text="x", to_address="+361"))
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
