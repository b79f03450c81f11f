"""What connections bring: kept, told, waited for, routed on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.calls.kinds.api import API
from softswitch.messaging.connections.connection import (
    Arrival,
    NoRoute,
    Receipt,
)
from softswitch.messaging.delivery.notices import NotTold
from softswitch.messaging.queue.routes import Rule
from tests.messaging.scene import FakeConnection, Listener, messages_on, state_of, until


async def test_what_arrives_is_kept_told_and_waited_for(tmp_path: Path) -> None:
    listener = Listener()
    listener.raises = [NotTold("away")]
    connections = [FakeConnection("sip", "sip"), FakeConnection("sms")]
    kinds = {"9000": API}
    async with messages_on(tmp_path, connections, kind_of=kinds.get, tell=listener) as messages:
        waiting = [
            asyncio.ensure_future(messages.wait_for("sms@localhost", address, 30))
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


async def test_the_same_origin_is_the_same_message(tmp_path: Path) -> None:
    async with messages_on(tmp_path, [FakeConnection("sms")]) as messages:
        arrival = Arrival(connection="sms", text="x", origin="sip:1")
        first = await messages.arrived(arrival)
        assert (await messages.arrived(arrival)).id == first.id
        assert len(await messages.folders.list("admin", "inbox", 10)) == 1


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
