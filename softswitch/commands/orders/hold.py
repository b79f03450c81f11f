"""Put both parties of a call on hold, bring them back, and wait for that."""

from __future__ import annotations

import asyncio
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


@dataclass(frozen=True, slots=True)
class AwaitResumeOrder(CallOrder[None]):
    """Wait until nobody holds the call."""

    async def perform(self, call: Call, context: CallContext) -> None:
        """Wait for the change of its state."""
        await hold.off_hold(call)

    async def simulate(self, simulation: Simulation) -> None:
        """Nobody holds it."""


@dataclass(frozen=True, slots=True)
class PassTimeOrder(CallOrder[None]):
    """Wait for so many seconds, without those in which somebody holds the call."""

    seconds: float

    async def perform(self, call: Call, context: CallContext) -> None:
        """Let the time pass."""
        await hold.pass_time(call, self.seconds)

    async def simulate(self, simulation: Simulation) -> None:
        """Let the time pass."""
        await asyncio.sleep(self.seconds)
