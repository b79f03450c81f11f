"""Sound a tone to a party."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.order import LivePhone, PartyOrder, Simulation
from softswitch.commands.orders.sound_errors import error_of, failure


@dataclass(frozen=True, slots=True)
class BeepOrder(PartyOrder[None]):
    """Sound a tone; done when it has ended."""

    frequency: int
    "In Hz."
    milliseconds: int

    async def perform(self, phone: LivePhone) -> None:
        """Sound the tone on the party's port."""
        error = await error_of(
            phone, "Beep", lambda port: port.beep(self.frequency, self.milliseconds)
        )
        if error:
            raise failure("Beep", error)

    async def simulate(self, simulation: Simulation) -> None:
        """Show the tone."""
        simulation.say(f"beep {self.frequency} Hz, {self.milliseconds} ms")
