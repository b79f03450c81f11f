"""One announcement: a call to each member, all in a room where only the pager is heard."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls, TooManyCalls
from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import EndedBy
from softswitch.calls.endings.states import CallState
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.setup.answering import Answering

log = structlog.get_logger("softswitch.calls")

MEMBER_SECONDS = 10.0
"How long a phone rings that does not answer by itself."


class PagedCalls:
    """Begins the calls to the members, and ends them."""

    def __init__(self, answering: Answering, calls: Calls, tasks: CallTasks, call: Call) -> None:
        """`call` is that of the pager, which is answered; its callee is the paging."""
        self._answering = answering
        self._calls = calls
        self._tasks = tasks
        self._call = call
        self._number = call.callee
        self._room = f"page {call.id}"
        self._members: list[Call] = []
        self._enter()
        call.listen(self._changed)

    def ring(self, members: Iterable[Extension]) -> None:
        """Call these, each in a call of its own that belongs to the pager's chain."""
        for member in members:
            pager = self._call.caller
            try:
                call = self._calls.new((pager.number, pager.name), member.number)
            except TooManyCalls as error:
                why = str(error)
                self._call.tell("not paged", number=member.number, reason=why)
                log.warning("not paged", call=self._call.id, number=member.number, reason=why)
                continue
            call.chain = self._call.chain_id
            call.callee.answers_itself = True
            call.callee.mute(self)
            self._members.append(call)
            self._tasks.begin(call, self._course)

    def end(self) -> None:
        """Hang up at all members."""
        for call in self._members:
            call.end_soon(EndedBy.SYSTEM, "the page is over")
        self._members.clear()

    def _enter(self) -> None:
        """Let the pager speak to the room."""
        port = self._call.caller.audio.port
        if port is not None:
            port.join_room(self._room)

    def _changed(self, call: Call, state: CallState) -> None:
        """Follow a transfer: another speaks now, or nobody pages any more."""
        if state is not CallState.TRANSFERRED:
            return
        if self._number in call.parties:
            self._enter()
        else:
            self.end()

    async def _course(self, call: Call) -> None:
        """Ring a member, and let it listen until it hangs up or the page is over."""
        party = call.callee
        await self._answering.ringer.open_beside(call, party, self._call.caller)
        await self._answering.begin(call, MEMBER_SECONDS)
        if party.audio.port is not None:
            party.audio.port.join_room(self._room)
        await self._answering.conversation.converse(call)
