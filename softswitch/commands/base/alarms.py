"""Contact ID on calls: what a receiving centre hears, and what a panel of ours reports.

An alarm is on disk before it is acknowledged; times and tones are the worker's affair
(SIA DC-05-1999.09, `calls/port_alarms.py`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.call_task import Course
from softswitch.calls.endings.endings import CallEnds
from softswitch.calls.ports.port_alarms import ContactIdMessage
from softswitch.calls.setup.answering import Answering
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import Alarm, AlarmOrder
from softswitch.store.alarms import AlarmRecord, insert_alarm
from softswitch.store.store import Store

log = structlog.get_logger("alarms")

QUALIFIERS: dict[str, str] = {"NewEvent": "1", "NewRestore": "3", "StatusReport": "6"}
"The digit of each word of the API."
_WORDS = {digit: word for word, digit in QUALIFIERS.items()}

Tell = Callable[[str, Mapping[str, str]], Awaitable[None]]
"Tells an application at a URL."
Start = Callable[[Awaitable[None]], None]
"Lets work go on that nobody waits for."


def record_of(report: ContactIdMessage, call: Call, caller: str) -> AlarmRecord:
    """The record of a report that came on a call."""
    return AlarmRecord(
        id=secrets.token_hex(12),
        received_at=time.time(),
        call_id=call.id,
        caller=caller,
        digits=report.digits,
        account=report.account,
        qualifier=_WORDS.get(report.qualifier, report.qualifier),
        code=report.event,
        name=report.meaning.name,
        partition=report.group,
        zone=report.number,
    )


async def received(call: Call, party: Party, store: Store) -> AsyncIterator[Alarm]:
    """Shake hands with the panel; every report, stored and acknowledged, until it is silent."""
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

    line = port.contact_id_receiver(keep)
    line.add_done_callback(lambda _: kept.put_nowait(None))
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
        if not line.done():
            port.end_alarm_line()


def report_course(order: AlarmOrder, answering: Answering, tell: Tell, start: Start) -> Course:
    """The course of a call that reports an alarm to a receiving centre."""
    return partial(_report, order, answering, tell, start)


async def _report(
    order: AlarmOrder, answering: Answering, tell: Tell, start: Start, call: Call
) -> None:
    results: list[str] = []

    async def run(_: Call) -> bool:
        port = call.callee.audio.port
        if port is not None:
            line = await asyncio.shield(port.contact_id_panel([_report_of(order)]))
            results.append("Success" if line.all_delivered else f"Failed: {line.reason}")
        return False

    try:
        await answering.begin(call, None)
        await answering.attend(call, run)
    except CallEnds as end:
        result = results[0] if results else f"Failed: {end.ending.detail or call.state.value}"
        log.info("alarm reported", call=call.id, account=order.account, result=result)
        if order.result_url is not None:
            fields = {
                "CallId": call.id,
                "Result": result,
                "AccountNumber": order.account,
                "EventCode": order.code,
            }
            start(tell(order.result_url, fields))
        raise


def _report_of(order: AlarmOrder) -> ContactIdMessage:
    return ContactIdMessage(
        account=order.account,
        qualifier=QUALIFIERS[order.qualifier],
        event=order.code,
        group=order.partition,
        number=order.zone,
    )
