"""Let a supervisor listen to a call, whisper to a party or barge in; mute a party."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CannotNow
from softswitch.calls.supervision.beginning import RungSupervisor, is_supervisable
from softswitch.calls.supervision.rights import may_supervise
from softswitch.calls.supervision.supervisor import SupervisionWay
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.refusals import refusals
from softswitch.commands.running.call import parties_of, require_answered


@dataclass(frozen=True, slots=True)
class SuperviseOrder(CallOrder[str]):
    """Ring a supervisor; the id of that call."""

    command: str
    supervisor: str
    "The extension that is rung."
    way: SupervisionWay
    party: Parties
    "Who is supervised; all: whomever the supervisor may."

    async def perform(self, call: Call, context: CallContext) -> str:
        """Begin the call to the supervisor, which goes on beside this one."""
        number = self.supervisor.partition("@")[0]
        with refusals(call, self.command, target=number):
            supervised = self._supervised(call, number, context)
            context.answering.ringer.plan.reach(number)
            own = context.calls.new((supervised.number, supervised.name), number)
            own.chain = call.chain_id
            course = RungSupervisor(context.answering, call, supervised.extension, self.way)
            context.begin(own, course.follow)
            return own.id

    def _supervised(self, call: Call, supervisor: str, context: CallContext) -> Party:
        """The party that is supervised; raises CannotNow, NotReached."""
        parties = reversed(parties_of(call, self.party))
        plan = context.answering.ringer.plan
        allowed = [each for each in parties if may_supervise(plan, supervisor, each.extension)]
        if not allowed:
            raise CannotNow(f"{supervisor} may not supervise this call")
        for party in allowed:
            if is_supervisable(call, party):
                return party
        raise CannotNow(f"a call in {call.state.value} cannot be supervised")

    async def simulate(self, simulation: Simulation) -> str:
        """Show it."""
        simulation.say(f"· {self.way.value} by {self.supervisor}")
        return ""


class CommandReason(Enum):
    """Why a party is muted, beside other reasons such as the mute key of a conference."""

    MUTE = "a command has muted it"


@dataclass(frozen=True, slots=True)
class MuteOrder(CallOrder[None]):
    """Mute a party or both, or take that back."""

    party: Parties
    muted: bool

    async def perform(self, call: Call, context: CallContext) -> None:
        """Mute or unmute who is meant and has a phone; a step of the call for each change."""
        require_answered(call, "Mute")
        parties = [each for each in parties_of(call, self.party) if each.leg]
        if not parties:
            raise CommandError(
                Code.INAPPROPRIATE_COMMAND,
                "Mute",
                detail=f"the {self.party} of the call is no phone",
            )
        for party in parties:
            if (CommandReason.MUTE in party.mutes) is self.muted:
                continue
            (party.mute if self.muted else party.unmute)(CommandReason.MUTE)
            call.tell("muted" if self.muted else "unmuted", number=party.number)
            seat = call.other(party).seat
            if seat is not None:
                seat.room.tell()

    async def simulate(self, simulation: Simulation) -> None:
        """Show it."""
        simulation.say(f"· {'muted' if self.muted else 'heard again'}: {self.party}")
