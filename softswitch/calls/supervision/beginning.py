"""Finds the call of an extension that is to be supervised, and rings a supervisor by command."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CallEnds, refused_here
from softswitch.calls.endings.states import CallState
from softswitch.calls.setup.answering import Answering
from softswitch.calls.supervision.rights import may_supervise
from softswitch.calls.supervision.supervisor import SupervisionWay, Supervisor

log = structlog.get_logger("softswitch.calls")

RING_SECONDS = 30.0
"How long a supervisor's phone rings that a command calls."
SUPERVISED_HAS_ENDED = "the call to supervise has ended"
"Why the call of a supervisor ends that has not come yet."


def find_supervised(calls: Calls, number: str) -> tuple[Call, Party] | None:
    """The call in which an extension talks; where it has several, the one that is not on hold."""
    talking = [
        (call, party)
        for call in calls
        for party in call.parties
        if party.extension == number and is_supervisable(call, party)
    ]
    talking.sort(key=lambda each: each[0].state is CallState.IN_CALL)
    return talking[-1] if talking else None


def is_supervisable(call: Call, party: Party) -> bool:
    """Whether a party talks, to a phone or to the switch."""
    return call.state in {CallState.IN_CALL, CallState.HOLD} and party.audio.port is not None


@dataclass(frozen=True, slots=True)
class RungSupervisor:
    """The course of a call that the switch begins to a supervisor's phone."""

    answering: Answering
    supervised: Call
    number: str
    "The extension that is supervised."
    way: SupervisionWay

    async def follow(self, call: Call) -> None:
        """Ring the supervisor, who supervises then; ends by raising CallEnds."""
        stop = call.end_with(self.supervised, SUPERVISED_HAS_ENDED)
        try:
            await self._ring(call)
        finally:
            stop()
        plan, own = self.answering.ringer.plan, call.callee
        if not may_supervise(plan, own.extension, self.number):
            log.warning("may not supervise", call=call.id, by=own.number, number=self.number)
            raise CallEnds(refused_here(403, "who has answered may not supervise"))
        supervisor = Supervisor(plan.directory, self.supervised, self.number, own, self.way)
        await self.answering.attend(call, supervisor.run)

    async def _ring(self, call: Call) -> None:
        beside = [each for each in self.supervised.parties if each.extension == self.number]
        if not beside:
            raise CallEnds(refused_here(480, SUPERVISED_HAS_ENDED))
        await self.answering.ringer.open_beside(call, call.callee, beside[0])
        await self.answering.begin(call, RING_SECONDS)
