"""Receive the Contact ID reports of an alarm panel that calls (SIA DC-05-1999.09).

A report is on disk before it is acknowledged; times and tones are the worker's affair
(`calls/ports/port_alarms.py`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.ports.port_alarms import ContactIdMessage
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.running.alarms import QUALIFIERS
from softswitch.store.alarms import AlarmRecord, insert_alarm
from softswitch.store.store import Store

log = structlog.get_logger("alarms")

WORDS = {digit: word for word, digit in QUALIFIERS.items()}
"The word of the API for each qualifier of a report."


@dataclass(frozen=True, slots=True)
class Alarm:
    """A Contact ID report that has been received, stored and acknowledged."""

    account: str
    qualifier: str
    code: str
    name: str
    partition: str
    zone: str


@dataclass(frozen=True, slots=True)
class ReceiveAlarmsOrder(CallOrder[AsyncIterator[Alarm]]):
    """Shake hands with the panel; every report, once it is stored and acknowledged."""

    async def perform(self, call: Call, context: CallContext) -> AsyncIterator[Alarm]:
        """The reports of the party that has a phone, until it is silent."""
        party = next((party for party in call.parties if party.leg is not None), None)
        if party is None:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "ReceiveAlarmNotification")
        return _received(call, party, context.store)

    async def simulate(self, simulation: Simulation) -> AsyncIterator[Alarm]:
        """No panel calls."""
        return _none()


async def _received(call: Call, party: Party, store: Store) -> AsyncIterator[Alarm]:
    port = party.audio.port
    if port is None:
        raise CommandError(Code.INAPPROPRIATE_COMMAND, "ReceiveAlarmNotification")
    kept: asyncio.Queue[AlarmRecord | None] = asyncio.Queue()

    async def keep(report: ContactIdMessage) -> bool:
        record = record_of(report, call, party.number)
        await store.write(insert_alarm(record))
        log.info("alarm", call=call.id, account=record.account, code=record.code, name=record.name)
        kept.put_nowait(record)
        return True

    receiver = port.contact_id_receiver(keep)
    receiver.add_done_callback(lambda _: kept.put_nowait(None))
    try:
        while (record := await kept.get()) is not None:
            yield Alarm(
                account=record.account,
                qualifier=record.qualifier,
                code=record.code,
                name=record.name,
                partition=record.partition,
                zone=record.zone,
            )
    finally:
        if not receiver.done():
            port.end_alarm_line()


def record_of(report: ContactIdMessage, call: Call, caller: str) -> AlarmRecord:
    """The record of a report that came on a call."""
    return AlarmRecord(
        id=secrets.token_hex(12),
        received_at=time.time(),
        call_id=call.id,
        caller=caller,
        digits=report.digits,
        account=report.account,
        qualifier=WORDS.get(report.qualifier, report.qualifier),
        code=report.event,
        name=report.meaning.name,
        partition=report.group,
        zone=report.number,
    )


async def _none() -> AsyncIterator[Alarm]:
    reports: tuple[Alarm, ...] = ()
    for alarm in reports:
        yield alarm
