"""Wait for a sound of a party."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.commands.base.order import LivePhone, PartyOrder, Simulation

HEARD: dict[str, tuple[str, ...]] = {
    "answer": ("human", "machine", "unknown"),
    "silence": ("silence",),
    "network": ("dial", "ringback", "busy", "congestion"),
    "tones": ("cng", "ced", "sit", "beep"),
}
"What can be listened for, and what is heard then."

ASSUMED = {"answer": "human", "silence": "silence"}
"The sound of a simulated caller, unless `--hears` gives another."


@dataclass(frozen=True, slots=True)
class DetectOrder(PartyOrder[str]):
    """Listen until the first sound of some kinds is heard, and tell which it was."""

    kinds: tuple[str, ...]
    "Out of `HEARD`."
    seconds: float
    "How long a silence must last."

    async def perform(self, phone: LivePhone) -> str:
        """The first sound that is recognised; empty when the party's port is closed."""
        awaited = phone.port("Detect").hear(*self.kinds, seconds=self.seconds)
        try:
            return await asyncio.shield(awaited.done)
        finally:
            awaited.stop()

    async def simulate(self, simulation: Simulation) -> str:
        """The next sound if it is listened for, or what is assumed; otherwise wait for ever."""
        note = ""
        if simulation.sounds is not None:
            sound = simulation.sounds.pop(0) if simulation.sounds else ""
        else:
            sound = next((ASSUMED[kind] for kind in self.kinds if kind in ASSUMED), "")
            note = ", it is assumed" if sound else ""
        if not any(sound in HEARD[kind] for kind in self.kinds):
            simulation.say(f"· hears nothing for {', '.join(self.kinds)}")
            await asyncio.get_running_loop().create_future()
        if sound == "silence":
            await asyncio.sleep(self.seconds)
        simulation.say(f"· hears {sound}{note}")
        return sound
