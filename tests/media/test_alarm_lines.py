"""Contact ID through the real worker: a panel's leg calls a receiver's leg over the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from softswitch.calls.ports.media_port import ContactIdMessage, LegCodec, MediaPort, build_alarm
from tests.media.test_worker_process import House, Phone, house

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
EVENTS = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)
ALARMS = [
    build_alarm("1234", "131", group="01", number="015"),
    build_alarm("1234", "401", qualifier="3", number="007"),
]


@pytest_asyncio.fixture
async def one() -> AsyncIterator[House]:
    async with house() as made:
        yield made


async def line(one: House, *codecs: LegCodec) -> tuple[MediaPort, MediaPort, Phone]:
    """Two legs whose far ends pass everything on to each other; and what the panel hears."""
    phone, port = await one.party(*codecs)
    other_phone, other = await one.party(*codecs)
    phone.pass_on = lambda packet: other_phone.say(other, packet)
    other_phone.pass_on = lambda packet: phone.say(port, packet)
    return port, other, phone


@pytest.mark.parametrize("codecs", [(PCMU,), (PCMU, EVENTS)])
async def test_alarms_are_stored_before_they_are_acknowledged(
    one: House, codecs: tuple[LegCodec, ...]
) -> None:
    panel, receiver, _ = await line(one, *codecs)
    stored: list[ContactIdMessage] = []

    async def store(alarm: ContactIdMessage) -> bool:
        await asyncio.sleep(0.1)
        stored.append(alarm)
        return True

    received = receiver.contact_id_receiver(store)
    reported = await asyncio.wait_for(panel.contact_id_panel(ALARMS), 20)
    assert reported.all_delivered
    assert list(reported.alarms) == ALARMS == stored
    receiver.end_alarm_line()
    ended = await received
    assert (list(ended.alarms), ended.rejected) == (ALARMS, 0)


async def test_what_is_not_stored_is_not_acknowledged(one: House) -> None:
    panel, receiver, _ = await line(one, PCMU)
    tried: list[ContactIdMessage] = []

    async def store(alarm: ContactIdMessage) -> bool:
        tried.append(alarm)
        if len(tried) == 1:
            raise OSError("the disk is full")
        return len(tried) == 3

    receiver.contact_id_receiver(store)
    reported = await asyncio.wait_for(panel.contact_id_panel(ALARMS[:1]), 25)
    assert reported.all_delivered
    assert tried == ALARMS[:1] * 3


async def test_an_alarm_line_ends_with_its_call(one: House) -> None:
    _, port = await one.party()
    done = port.contact_id_panel(ALARMS)
    await port.close()
    assert (await done).alarms == ()
    assert not (await port.contact_id_panel(ALARMS)).all_delivered
