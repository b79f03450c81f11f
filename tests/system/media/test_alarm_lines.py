"""Contact ID through the real worker: a panel's leg calls a receiver's leg over the network."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.ports.media_port import ContactIdMessage, LegCodec, MediaPort, build_alarm
from tests.system.media.workers import EVENTS, PCMU, Phone, RunningWorkers
from tests.system.program import until

ALARMS = [
    build_alarm("1234", "131", group="01", number="015"),
    build_alarm("1234", "401", qualifier="3", number="007"),
]


async def line(running: RunningWorkers, *codecs: LegCodec) -> tuple[MediaPort, MediaPort, Phone]:
    """Two legs whose far ends pass everything on to each other; and what the panel hears."""
    phone, port = await running.party(*codecs)
    other_phone, other = await running.party(*codecs)
    phone.pass_on = lambda packet: other_phone.say(other, packet)
    other_phone.pass_on = lambda packet: phone.say(port, packet)
    return port, other, phone


@pytest.mark.parametrize("codecs", [(PCMU,), (PCMU, EVENTS)])
async def test_alarms_are_stored_before_they_are_acknowledged(
    running: RunningWorkers, codecs: tuple[LegCodec, ...]
) -> None:
    panel, receiver, _ = await line(running, *codecs)
    stored: list[ContactIdMessage] = []

    async def store(alarm: ContactIdMessage) -> bool:
        await asyncio.sleep(0.1)
        stored.append(alarm)
        return True

    kissed_off: list[ContactIdMessage] = []
    received = receiver.contact_id_receiver(store, kissed_off.append)
    reported = await asyncio.wait_for(panel.contact_id_panel(ALARMS), 20)
    assert reported.all_delivered
    assert list(reported.alarms) == ALARMS == stored
    await until(lambda: kissed_off == ALARMS)
    receiver.end_alarm_line()
    ended = await received
    assert (list(ended.alarms), ended.rejected) == (ALARMS, 0)


async def test_what_is_not_stored_is_not_acknowledged(running: RunningWorkers) -> None:
    panel, receiver, _ = await line(running, PCMU)
    tried: list[ContactIdMessage] = []

    async def store(alarm: ContactIdMessage) -> bool:
        tried.append(alarm)
        if len(tried) == 1:
            raise OSError("the disk is full")
        return len(tried) == 3

    receiver.contact_id_receiver(store, tried.append)
    reported = await asyncio.wait_for(panel.contact_id_panel(ALARMS[:1]), 25)
    assert reported.all_delivered
    await until(lambda: tried == ALARMS[:1] * 4)  # three times to be stored, once kissed off


async def test_an_alarm_line_ends_with_its_call(running: RunningWorkers) -> None:
    _, port = await running.party()
    done = port.contact_id_panel(ALARMS)
    await port.close()
    assert (await done).alarms == ()
    assert not (await port.contact_id_panel(ALARMS)).all_delivered
