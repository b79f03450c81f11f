"""Play an audio file to a party."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.commands.base.context import Sound
from softswitch.commands.base.order import LivePhone, PartyOrder, Simulation
from softswitch.commands.orders.sound_errors import error_of, failure

FOR_EVER = 86_400
"Seconds that a sound which repeats lasts at the most in a simulation."


@dataclass(frozen=True, slots=True)
class PlayOrder(PartyOrder[None]):
    """Play a file; done when it has been played. A second sound queues behind the first."""

    sound: Sound
    repeat: bool = False
    timeout: float | None = None
    "Seconds after which it stops."

    async def perform(self, phone: LivePhone) -> None:
        """Play the file on the party's port."""
        sound = self.sound
        error = await error_of(
            phone,
            "Play",
            lambda port: port.play_file(sound.path, repeat=self.repeat, longest=self.timeout),
        )
        if error:
            # the user knows the file by the name that was asked for, not by where it is kept
            shown = error.replace(sound.path, sound.source.partition("?")[0][:200])
            raise failure("Play", shown, "AudioFile" if sound.path in error else "")

    async def simulate(self, simulation: Simulation) -> None:
        """Show the file; a repeated one lasts until its timeout."""
        simulation.say(f"♪ {self.sound.source}{' again and again' if self.repeat else ''}")
        if self.repeat:
            await asyncio.sleep(FOR_EVER if self.timeout is None else self.timeout)
