"""Read a text to a party."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.order import LivePhone, PartyOrder, Simulation
from softswitch.commands.orders.sound_errors import error_of, failure


@dataclass(frozen=True, slots=True)
class SpeakOrder(PartyOrder[None]):
    """Say a text; done when it has been said."""

    text: str
    language: str | None = None
    voice: str | None = None

    async def perform(self, phone: LivePhone) -> None:
        """Say the text on the party's port."""
        error = await error_of(
            phone,
            "Speak",
            lambda port: port.speak(self.text, language=self.language, voice=self.voice),
        )
        if error:
            raise failure("Speak", error, self._blamed(error))

    def _blamed(self, error: str) -> str:
        """The parameter that a sentence is about: the one whose value it quotes, or Text."""
        language, voice = self.language or "", self.voice or ""
        engine, _, own = voice.partition(":")
        if any(repr(name) in error for name in (voice, engine, own) if name):
            return "Voice"
        if language and repr(language.lower().replace("_", "-")) in error:
            return "Language"
        return "Text" if "text" in error else ""

    async def simulate(self, simulation: Simulation) -> None:
        """Show the text."""
        spoken_with = ", ".join(part for part in (self.language, self.voice) if part)
        simulation.say(f"“{self.text}”{f' [{spoken_with}]' if spoken_with else ''}")
