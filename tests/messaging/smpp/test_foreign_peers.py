"""A client and a centre of other programs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.gsm

from softswitch.messaging.queue.outgoing import Outgoing
from tests.messaging.scene import state_of
from tests.messaging.smpp.foreign_centre import ForeignCentre
from tests.messaging.smpp.scene import (
    bound,
    client_on,
    delivered,
    server_on,
)
from tests.ports import free_port


def submit_with_smpplib(port: int, text: str, results: dict[str, Any]) -> None:
    """A foreign client in a thread: binds, submits, waits for the receipt, unbinds."""
    client = smpplib.client.Client("127.0.0.1", port, timeout=30, allow_unknown_opt_params=True)
    client.set_message_sent_handler(
        lambda pdu: results.setdefault("ids", []).append(pdu.message_id.decode())
    )
    client.set_message_received_handler(
        lambda pdu: results.setdefault("received", []).append(
            (pdu.esm_class, pdu.short_message, pdu.receipted_message_id)
        )
    )
    client.connect()
    client.bind_transceiver(system_id="switch", password="secret")
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL, source_addr="491",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL, destination_addr="361",
            short_message=part, data_coding=coding, esm_class=esm_class, registered_delivery=True,
        )  # fmt: skip
    while len(results.get("received", ())) < results["wanted"]:
        client.read_once()
    client.unbind()
    client.disconnect()


@pytest.mark.parametrize("text", ["hello from afar", "long " * 80, "эхо" * 60])
async def test_a_foreign_client_submits_to_us(tmp_path: Path, text: str) -> None:
    async with server_on(tmp_path) as (server, theirs, out):
        count = len(smpplib.gsm.make_parts(text)[0])
        results: dict[str, Any] = {"wanted": count + 1}
        foreign = asyncio.create_task(
            asyncio.to_thread(submit_with_smpplib, server.listen[1], text, results)
        )
        (message,) = await out.until_sent(1)
        assert (message.text, message.from_address, message.to_address) == (text, "+491", "+361")
        await state_of(theirs, message.id, "sent")
        await theirs.send(Outgoing(text="back", connection="smsc", to_address="+491"))
        await theirs.reported("out", delivered(message.id))
        await asyncio.wait_for(foreign, 30)
        receipts = [entry for entry in results["received"] if entry[0] & 4]
        assert sorted(entry[2].rstrip(b"\0").decode() for entry in receipts) == sorted(
            results["ids"]
        )
        assert [entry[1] for entry in results["received"] if not entry[0] & 4] == [b"back"]


@pytest.fixture
def port() -> int:
    return free_port()


async def test_we_submit_to_a_foreign_centre(tmp_path: Path, port: int) -> None:
    async with (
        ForeignCentre(port) as foreign,
        client_on(tmp_path, port, source="1000") as (connection, ours),
    ):
        await bound(connection)
        foreign.throttle = 2
        identity = await ours.send(Outgoing(text="héllo €", to_address="+3612345"))
        message = await state_of(ours, identity, "sent")
        assert message.attempts == 1
        submitted = foreign.submitted[0]
        assert submitted.destination_addr == "3612345"
        await foreign.deliver(b"id:net-1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:", esm_class=4)
        await state_of(ours, identity, "delivered")
        await foreign.deliver(b"\x04\x3f", source="77", data_coding=8)
        (inbox,) = await ours.folders.list("admin", "inbox", 10)
        assert (inbox.text, inbox.from_address) == ("п", "77")
