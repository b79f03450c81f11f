"""Answer a call, refuse it, or end it."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.setup import answering
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.base.script_flow import ScriptEnds
from softswitch.commands.orders.refusals import refusals


@dataclass(frozen=True, slots=True)
class AnswerOrder(CallOrder[None]):
    """Answer the call if it still rings."""

    async def perform(self, call: Call, context: CallContext) -> None:
        """Answer in the call's own task."""
        if not call.is_answered:
            with refusals(call, "answer"):
                await call.ask(lambda: context.answering.answer(call))

    async def simulate(self, simulation: Simulation) -> None:
        """Show the first answer."""
        if not simulation.answered:
            simulation.answered = True
            simulation.say("· answered")


@dataclass(frozen=True, slots=True)
class RejectOrder(CallOrder[None]):
    """Refuse a call that rings."""

    status: int
    "The SIP status of the refusal."

    async def perform(self, call: Call, context: CallContext) -> None:
        """Refuse the caller."""
        with refusals(call, "Reject"):
            answering.reject(call, self.status)

    async def simulate(self, simulation: Simulation) -> None:
        """Show it while the call rings."""
        if simulation.answered:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "Reject")
        simulation.say(f"· refused with {self.status}")


@dataclass(frozen=True, slots=True)
class HangUpOrder(CallOrder[None]):
    """End the call for everybody."""

    async def perform(self, call: Call, context: CallContext) -> None:
        """End it, and with it whatever runs on it."""
        await call.hang_up()

    async def simulate(self, simulation: Simulation) -> None:
        """End the call, and with it the script."""
        simulation.say("· hung up")
        raise ScriptEnds
