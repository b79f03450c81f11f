"""The one task of a call: it runs the call, and clears everything up whatever has ended it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import structlog

from softswitch.calls.call.call import Call, let_go
from softswitch.calls.endings.endings import CallEnds, EndedBy, Ending, broken, by_command
from softswitch.calls.ports.media_port import Statistics
from softswitch.calls.setup.setup import follow_number

log = structlog.get_logger("softswitch.calls")


Course = Callable[[Call], Coroutine[Any, Any, None]]
"What a call does from its start on; ends by raising CallEnds."


async def live(call: Call, course: Course = follow_number) -> None:
    """Run a call from its start to its end; never raises but when it is cancelled."""
    stopped = False
    try:
        log.info("call", call=call.id, caller=call.caller.number, dialled=call.dialled)
        call.start_record = call.house.history.started(call)
        await course(call)
        ending = broken("the service ended", answered=call.is_answered)
    except CallEnds as end:
        ending = end.ending
    except asyncio.CancelledError:
        stopped = True
        ending = by_command(EndedBy.SYSTEM, "shutdown", answered=call.is_answered)
    except Exception:
        log.exception("call failed", call=call.id)
        ending = broken("internal error", answered=call.is_answered)
    try:
        await clear(call, ending)
    except Exception:
        log.exception("call not cleared", call=call.id)
    if stopped:
        raise asyncio.CancelledError


async def clear(call: Call, ending: Ending) -> None:
    """End both legs, free the ports, write the end record, and take the call off the list."""
    house = call.house
    try:
        end_legs(call, ending)
        said = {"outcome": ending.outcome.value, "by": ending.by.value}
        if ending.detail:
            said["detail"] = ending.detail
        call.happen(ending.occurrence, **said)
        await call.stop_children()
    finally:
        media = await close_ports(call)
        for side, figures in media.items():
            if figures["diagnosis"]:
                log.warning("call quality", call=call.id, party=side, found=figures["diagnosis"])
        house.history.ended(call, ending, media)
        house.calls.remove(call, ending)
        call.leave_work()
        call.ended.set_result(ending)


def end_legs(call: Call, ending: Ending) -> None:
    """Refuse, cancel or hang up, whatever each leg's state needs."""
    caller, callee = call.caller.leg, call.callee.leg
    reason = ending.reason_header
    if caller is not None:
        let_go(caller)
        call.house.calls.forget_invite(caller.call_id)
        if call.is_answered or call.invite is None:
            caller.hangup(reason)
        else:
            caller.reject(ending.status, [("Reason", reason), *ending.headers])
    if callee is not None:
        let_go(callee)
        call.house.calls.forget_invite(callee.call_id)
        callee.hangup(reason)


async def close_ports(call: Call) -> dict[str, Any]:
    """Free the ports and end recordings; returns the figures of each side for the record."""
    closing: dict[str, Awaitable[Statistics]] = {}
    for party in call.parties:
        party.leave_room()
    for party in call.parties:
        port = party.audio.port
        if port is not None:
            party.audio.port = None
            closing[party.side.value] = port.close()
    for recording in call.recordings:
        recording.stop()
    return {side: msgspec.to_builtins(await statistics) for side, statistics in closing.items()}
