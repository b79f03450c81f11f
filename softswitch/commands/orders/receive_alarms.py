"""Receive the Contact ID reports of an alarm panel that calls (SIA DC-05-1999.09).

A report is on disk before it is acknowledged, and acknowledged before anybody hears of it; times
and tones are the worker's affair (`calls/ports/port_alarms.py`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.ports.media_port import AlarmLine, ContactIdMessage, MediaPort
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import AlarmStore, CallContext, CallOrder, Simulation
from softswitch.commands.running.alarms import QUALIFIERS
from softswitch.store.alarms import AlarmRecord, insert_alarm

log = structlog.get_logger("alarms")

LONGEST_KISSOFF = 3.0
"Seconds that an end waits for kissoffs: due 1.1 s after the last digit, and 0.9 s long."
HEARD_SECONDS = 0.5
"After the end of a kissoff here: until a panel behind jitter buffers has heard that end, too."
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


class AlarmReports(Protocol):
    """The reports of one call, in their order."""

    async def next(self) -> Alarm | None:
        """The next one, when its kissoff has left; None when no more come."""

    def left(self) -> Sequence[Alarm]:
        """Those that are stored, and that `next` has not returned; they count as returned now."""

    async def acknowledged(self) -> None:
        """Wait until the kissoffs of all that is stored have left."""

    def end(self) -> None:
        """Talk to the panel no more."""


@dataclass(frozen=True, slots=True)
class ReceiveAlarmsOrder(CallOrder[AlarmReports]):
    """Shake hands with the panel, store and acknowledge what it reports."""

    async def perform(self, call: Call, context: CallContext) -> AlarmReports:
        """The reports of the party that has a phone, until it is silent."""
        party = next((party for party in call.parties if party.leg is not None), None)
        port = party.audio.port if party is not None else None
        if party is None or port is None:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "ReceiveAlarmNotification")
        return ReceivedAlarms(call, party.number, port, context.store)

    async def simulate(self, simulation: Simulation) -> AlarmReports:
        """No panel calls."""
        return NoAlarms()


class ReceivedAlarms:
    """The reports that a panel makes on a real call."""

    def __init__(self, call: Call, caller: str, port: MediaPort, store: AlarmStore) -> None:
        self._call, self._caller, self._port, self._store = call, caller, port, store
        self._stored: dict[str, AlarmRecord] = {}
        "By digits: what is on disk, and whose kissoff has not left."
        self._ready: deque[AlarmRecord] = deque()
        self._changed = asyncio.Event()
        self._line = port.contact_id_receiver(self._keep, self._kissed_off)
        self._line.add_done_callback(self._over)

    async def _keep(self, report: ContactIdMessage) -> bool:
        record = record_of(report, self._call, self._caller)
        await self._store.write(insert_alarm(record))
        log.info(
            "alarm",
            call=self._call.id,
            account=record.account,
            code=record.code,
            name=record.name,
        )
        self._stored[report.digits] = record
        if self._line.done():
            self._over(self._line)
        return True

    def _kissed_off(self, report: ContactIdMessage) -> None:
        asyncio.get_running_loop().call_later(HEARD_SECONDS, self._heard, report.digits)

    def _heard(self, digits: str) -> None:
        record = self._stored.pop(digits, None)
        if record is not None:
            self._ready.append(record)
        self._changed.set()

    def _over(self, _: asyncio.Future[AlarmLine]) -> None:
        """Wait for no more kissoffs: the panel is silent or has gone."""
        self._ready.extend(self._stored.values())
        self._stored.clear()
        self._changed.set()

    async def next(self) -> Alarm | None:
        """The next one, when its kissoff has left; None when no more come."""
        while not self._ready:
            if self._line.done():
                return None
            self._changed.clear()
            await self._changed.wait()
        return _alarm_of(self._ready.popleft())

    def left(self) -> Sequence[Alarm]:
        """Those that are stored, and that `next` has not returned."""
        left = [*map(_alarm_of, (*self._ready, *self._stored.values()))]
        self._ready.clear()
        self._stored.clear()
        return left

    async def acknowledged(self) -> None:
        """Wait until the kissoffs of all that is stored have left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_KISSOFF):
                while self._stored and not self._line.done():
                    self._changed.clear()
                    await self._changed.wait()

    def end(self) -> None:
        """Talk to the panel no more."""
        if not self._line.done():
            self._port.end_alarm_line()


class NoAlarms:
    """The reports of a simulated call: there are none."""

    async def next(self) -> Alarm | None:
        """No more come."""
        return None

    def left(self) -> Sequence[Alarm]:
        """None."""
        return ()

    async def acknowledged(self) -> None:
        """There is nothing."""

    def end(self) -> None:
        """There is no panel."""


def _alarm_of(record: AlarmRecord) -> Alarm:
    return Alarm(
        account=record.account,
        qualifier=record.qualifier,
        code=record.code,
        name=record.name,
        partition=record.partition,
        zone=record.zone,
    )


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
