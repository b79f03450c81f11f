"""The tasks of calls: one runs a call, and clears everything up whatever has ended it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.history import History
from softswitch.calls.endings.endings import CallEnds, EndedBy, Ending, broken, by_command
from softswitch.calls.ports.media_port import Statistics

log = structlog.get_logger("softswitch.calls")

GOODBYE = 2.0
"Seconds for BYE to leave and records to be handed over at the end of a drain."

Course = Callable[[Call], Coroutine[Any, Any, None]]
"What a call does from its start on; ends by raising CallEnds."


class CallTasks:
    """Owns the tasks of all calls, and those that answer other requests."""

    def __init__(self, calls: Calls, history: History) -> None:
        self._calls = calls
        self._history = history
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_draining = False
        "Whether the calls are to end: the switch begins none by itself any more."

    def begin(self, call: Call, course: Course) -> None:
        """Let a call take its course, in a task of its own."""
        self._calls.add(call)
        self.start(self._live(call, course), name=f"call {call.id}")

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do work that a drain waits for; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task failed", task=task.get_name(), exc_info=task.exception())

    async def drain(self, grace: float, urgent: float = 0.0) -> None:
        """Let the tasks go on for `grace` seconds, then end the calls politely.

        Emergency calls, and those that begin meanwhile, go on for `urgent` seconds more.
        """
        self.is_draining = True
        if self._tasks and grace > 0:
            await asyncio.wait(self._tasks, timeout=grace)
        for call in self._calls:
            if not call.is_urgent:
                call.end_soon(EndedBy.SYSTEM, "shutdown")
        loop = asyncio.get_running_loop()
        until = loop.time() + urgent
        while (left := until - loop.time()) > 0 and (
            going_on := [call.ended for call in self._calls if call.is_urgent]
        ):
            await asyncio.wait(going_on, timeout=left)
        for call in self._calls:
            call.end_soon(EndedBy.SYSTEM, "shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE)

    async def close(self) -> None:
        """End whatever still runs; every task is done afterwards."""
        self.is_draining = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _live(self, call: Call, course: Course) -> None:
        """Run a call from its start to its end; never raises but when it is cancelled."""
        stopped = False
        try:
            log.info("call", call=call.id, caller=call.caller.number, dialled=call.dialled)
            call.trace.begins(call.caller, call.dialled, call.chain)
            call.start_record = self._history.started(call)
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
            await self._clear(call, ending)
        except Exception:
            log.exception("call not cleared", call=call.id)
        if stopped:
            raise asyncio.CancelledError

    async def _clear(self, call: Call, ending: Ending) -> None:
        """End both legs, free the ports, write the end record, and take the call off the list."""
        try:
            end_legs(call, ending)
            said = {"outcome": ending.outcome.value, "by": ending.by.value}
            if ending.detail:
                said["detail"] = ending.detail
            call.happen(ending.occurrence, **said)
            await call.stop_children()
        finally:
            media = await close_ports(call)
            for side, statistics in media.items():
                if statistics["diagnosis"]:
                    call.trace.diagnosed(side, statistics["diagnosis"])
                    log.warning(
                        "call quality", call=call.id, party=side, found=statistics["diagnosis"]
                    )
            self._history.ended(call, ending, media)
            call.trace.ends(ending)
            self._calls.remove(call, ending)
            call.leave_work()
            call.ended.set_result(ending)


def end_legs(call: Call, ending: Ending) -> None:
    """Refuse, cancel or hang up, whatever each leg's state needs."""
    caller, callee = call.caller.leg, call.callee.leg
    reason = ending.reason_header
    if caller is not None:
        caller.let_go()
        if call.is_answered or call.invite is None:
            caller.hangup(reason)
        else:
            caller.reject(ending.status, [("Reason", reason), *ending.headers])
    if callee is not None:
        callee.let_go()
        callee.hangup(reason)


async def close_ports(call: Call) -> dict[str, Any]:
    """Free the ports and end recordings; returns the statistics of each side for the record."""
    closing: dict[str, Awaitable[Statistics]] = {}
    for party in call.parties:
        party.leave_room()
    for party in call.parties:
        port = party.audio.port
        if port is not None:
            party.audio.port = None
            closing[party.side.value] = port.close()
    call.recordings.stop()
    return {side: msgspec.to_builtins(await statistics) for side, statistics in closing.items()}
