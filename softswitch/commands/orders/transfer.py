"""Send a call elsewhere: forward it while it rings, transfer it when it is answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party, Side
from softswitch.calls.numbers.routing import COMMAND, Unroutable
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.calls.transfer.transfer_line import TransferWay
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.refusals import refusals
from softswitch.commands.running.call_fields import end_fields


@dataclass(frozen=True, slots=True)
class ForwardOrder(CallOrder[None]):
    """Ring another number instead."""

    destination: str
    "A number, or number@host."

    async def perform(self, call: Call, context: CallContext) -> None:
        """Redirect the call if it still rings."""
        number = self.destination.partition("@")[0]
        try:
            context.routing.destination(number, COMMAND)
        except Unroutable as error:
            raise CommandError(
                Code.CALL_CONNECT_FAILED, number, "NotFound", detail=str(error)
            ) from None
        with refusals(call, "ForwardCall"):
            call.forward(number)

    async def simulate(self, simulation: Simulation) -> None:
        """Show it while the call rings."""
        if simulation.answered:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "ForwardCall")
        simulation.say(f"· forwarded to {self.destination}")


@dataclass(frozen=True, slots=True)
class BlindTransferOrder(CallOrder[None]):
    """Connect the party that stays to the target; done when the target has answered."""

    target: str
    "A number, or number@host."
    transferor: Parties | None = None
    "The party that leaves, unless the switch itself is a party."
    finished_url: str | None = None
    "Told when the transferred call ends."
    by_script: bool = False
    "Whether a script wants it, for the log."

    async def perform(self, call: Call, context: CallContext) -> None:
        """Transfer in the task of the call whose party is meant."""
        number = self.target.partition("@")[0]
        transfers = context.transfers

        async def move(call: Call, leaving: Party) -> None:
            await transfers.blind_transfer(call, leaving, number, way=_way(self.by_script))
            if self.finished_url is not None:
                context.start(_tell_end(call, self.finished_url, context))

        async def move_here() -> None:
            await move(call, transferor_of(call, _side(self.transferor)))

        with refusals(call, "BlindTransfer", target=number):
            leaving = transferor_of(call, _side(self.transferor))
            origin, far_end = transfers.origin(call, leaving)
            await origin.ask(move_here if origin is call else partial(move, origin, far_end))

    async def simulate(self, simulation: Simulation) -> None:
        """Show it."""
        simulation.say(f"· transferred to {self.target}")


async def _tell_end(call: Call, url: str, context: CallContext) -> None:
    await asyncio.shield(call.ended)
    await context.finished(url, end_fields(call))


@dataclass(frozen=True, slots=True)
class AttendedTransferOrder(CallOrder[None]):
    """Join the parties that stay of this call and of another."""

    target_call_id: str
    transferor: Parties | None = None
    "The party that leaves this call; without one the number that both calls share."
    by_script: bool = False
    "Whether a script wants it, for the log."

    async def perform(self, call: Call, context: CallContext) -> None:
        """Join them; raises CommandError 601 where there is no such other call."""
        other = context.calls.get(self.target_call_id)
        if other is None or other is call:
            raise CommandError(Code.CALL_NOT_FOUND, self.target_call_id)
        leaving, other_leaving = _transferors(call, other, _side(self.transferor))
        with refusals(call, "AttendedTransfer"):
            way = _way(self.by_script)
            await context.transfers.attended_transfer(call, leaving, other, other_leaving, way=way)

    async def simulate(self, simulation: Simulation) -> None:
        """Show it."""
        simulation.say(f"· joined with call {self.target_call_id}")


def _way(by_script: bool) -> TransferWay:
    return TransferWay.SCRIPT if by_script else TransferWay.COMMAND


def _side(side: Parties | None) -> Side | None:
    if side is None or side is Parties.ALL:
        return None
    return Side(side.value)


def _transferors(call: Call, other: Call, side: Side | None) -> tuple[Party, Party]:
    """The party that leaves each call: the one of that side, else the number that both share.

    When the two calls share nobody and no side is named, the callees of both are joined.
    """
    if side is not None:
        named = call.caller if side is Side.CALLER else call.callee
        same = [party for party in other.parties if party.number == named.number]
        return named, (same[0] if same else other.caller)
    for mine in call.parties:
        for theirs in other.parties:
            if mine.number == theirs.number:
                return mine, theirs
    return call.caller, other.caller
