"""Put both parties of a call on hold, and bring them back."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.call import hold
from softswitch.calls.call.call import Call
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.orders.refusals import refusals


@dataclass(frozen=True, slots=True)
class HoldOrder(CallOrder[None]):
    """Put both legs on hold."""

    async def perform(self, call: Call, context: CallContext) -> None:
        """Play music to both."""
        with refusals(call, "Hold"):
            await hold.hold(call)

    async def simulate(self, simulation: Simulation) -> None:
        """Show it."""
        simulation.say("· on hold")


@dataclass(frozen=True, slots=True)
class UnholdOrder(CallOrder[None]):
    """Bring both legs back from hold."""

    async def perform(self, call: Call, context: CallContext) -> None:
        """Let both talk again."""
        with refusals(call, "Unhold"):
            await hold.resume(call)

    async def simulate(self, simulation: Simulation) -> None:
        """Show it."""
        simulation.say("· back from hold")
