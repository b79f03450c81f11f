"""Callback on busy: when both are free, the one who wants it is rung, and then the other.

The call is begun by the switch, as by the command CallSetup. One who does not answer it, or refuses
it, has changed his mind; one who is in a call again is waited for again.
Nobody is rung before the phones of both are registered, as after a restart of the switch.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls, TooManyCalls
from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import CallEnds
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.features.callback_requests import CallbackRequest, CallbackRequests
from softswitch.calls.leg.lines import Lines
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.setup.answering import Answering

log = structlog.get_logger("softswitch.features")

RING_SECONDS = 20.0
"How long either of them is rung."
TRY_AGAIN = 10.0
"Seconds until the next try while the switch has as many calls as it may."


class CallingBack:
    """Begins the calls that were asked for."""

    def __init__(
        self, answering: Answering, calls: Calls, tasks: CallTasks, requests: CallbackRequests
    ) -> None:
        self._answering = answering
        self._calls = calls
        self._tasks = tasks
        self._requests = requests
        self._trying_again: asyncio.TimerHandle | None = None
        "One for all requests, while the switch has as many calls as it may."
        self._lines.listeners.append(self.changed)

    @property
    def _plan(self) -> DialPlan:
        return self._answering.ringer.plan

    @property
    def _lines(self) -> Lines:
        return self._plan.turns.lines

    def look(self) -> None:
        """Look at all requests: those of an earlier life of the switch wait for no change."""
        begun: set[str] = set()
        for request in self._requests.waiting():
            both = {request.extension, request.wanted}
            if begun.isdisjoint(both) and self._are_free(request):
                begun |= both
                self._begin(request)

    def changed(self, extension: str) -> None:
        """Take note that an extension may have become free, or has come back."""
        if self._tasks.is_draining or self._lines.are_used_by(extension):
            return
        for request in self._requests.waiting():
            if extension in (request.extension, request.wanted) and self._are_free(request):
                self._begin(request)
                return  # whoever else waits for one of the two waits on

    def _are_free(self, request: CallbackRequest) -> bool:
        both = (request.extension, request.wanted)
        if any(map(self._lines.are_used_by, both)) or not self._takes_calls(request.wanted):
            return False
        return all(map(self._plan.registrations.contacts, both))

    def _takes_calls(self, number: str) -> bool:
        """Whether an extension is there, and wants to be called."""
        extension = self._plan.directory.find(number)
        return extension is not None and not self._plan.features_of(extension).do_not_disturb

    def _begin(self, request: CallbackRequest) -> None:
        caller = self._plan.directory.find(request.extension)
        if caller is None:
            self._requests.end(request)
            return
        try:
            call = self._calls.new((caller.number, caller.name), request.wanted)
        except TooManyCalls as error:
            log.warning("not called back", extension=request.extension, reason=str(error))
            if self._trying_again is None:
                loop = asyncio.get_running_loop()
                self._trying_again = loop.call_later(TRY_AGAIN, self._try_again)
            return
        call.chain = request.chain
        self._requests.end(request)
        log.info("called back", extension=request.extension, wanted=request.wanted)
        self._tasks.begin(call, partial(self._course, request))

    def _try_again(self) -> None:
        self._trying_again = None
        if not self._tasks.is_draining:
            self.look()

    async def _course(self, request: CallbackRequest, call: Call) -> None:
        """Ring both and let them talk; ends by raising CallEnds."""
        try:
            await self._answering.begin_both(call, RING_SECONDS)
        except CallEnds as end:
            if end.ending.outcome is Outcome.BUSY:
                rung = request.extension if call.caller.leg is None else request.wanted
                call.ended.add_done_callback(lambda _: self._refused(request, rung))
            raise
        await self._answering.conversation.converse(call)

    def _refused(self, request: CallbackRequest, rung: str) -> None:
        """Wait again for one who is in a call; who refuses without one has changed his mind."""
        if self._lines.are_used_by(rung):
            self._requests.again(request)
