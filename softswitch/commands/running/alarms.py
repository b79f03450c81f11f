"""Report an alarm to a receiving centre by Contact ID: a call of our own (SIA DC-05-1999.09).

Times and tones are the worker's affair (`calls/ports/port_alarms.py`).
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call_task import Course
from softswitch.calls.endings.endings import CallEnds
from softswitch.calls.endings.outcomes import result_word
from softswitch.calls.ports.port_alarms import ContactIdMessage
from softswitch.calls.setup.answering import SCRIPT_OVER, Answering
from softswitch.commands.base.order import StartWork, TellUrl
from softswitch.commands.base.switch_context import AlarmOrder

log = structlog.get_logger("alarms")

QUALIFIERS: dict[str, str] = {"NewEvent": "1", "NewRestore": "3", "StatusReport": "6"}
"The digit of each word of the API."


def report_course(
    order: AlarmOrder, answering: Answering, tell: TellUrl, start: StartWork
) -> Course:
    """The course of a call that reports an alarm; `tell` gets the result where a URL wants it."""
    return partial(_report, order, answering, tell, start)


async def _report(
    order: AlarmOrder, answering: Answering, tell: TellUrl, start: StartWork, call: Call
) -> None:
    results: list[str] = []

    async def run(_: Call) -> bool:
        port = call.callee.audio.port
        if port is not None:
            sent = await asyncio.shield(port.contact_id_panel([_report_of(order)]))
            results.append("Success" if sent.all_delivered else f"Failed: {sent.reason}")
        return False

    try:
        await answering.begin(call, None)
        await answering.attend(call, run, SCRIPT_OVER)
    except CallEnds as end:
        why = end.ending.detail or result_word(end.ending.outcome)
        result = results[0] if results else f"Failed: {why}"
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
