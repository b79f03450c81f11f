"""A call that is parked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from softswitch.calls.call.call import Call
from softswitch.calls.ports.media_port import Playing
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.extensions.parking import ParkingExtension

OUTSIDE = "outside"
"Stands for all callers from outside whom nobody has parked."


@dataclass(slots=True, eq=False)
class ParkedCall:
    """One lot that is taken."""

    lot: str
    call: Call
    "The call that the lot has answered; its callee is the lot."
    parker: str
    "The extension that has parked it; empty where none has."
    since: float
    "Unix time in seconds."
    settings: ParkingExtension
    taken_by: str = ""
    "The extension that its lot is counted for, OUTSIDE, or empty where nobody's are counted."
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)
    "Held while it is being retrieved or given back."
    music: Playing | None = None
    removed: asyncio.Event = field(default_factory=asyncio.Event)
    "Set when the lot is there no more."

    def play_music(self) -> None:
        """Let who is parked hear music, from its beginning."""
        port = self.call.caller.audio.port
        path = self.settings.music
        file = self.call.terms.hold_music if path is None else source_of(path)
        if self.music is not None:
            self.music.stop()
            self.music = None
        if port is not None and file is not None:
            self.music = port.play_file(file, repeat=True, beneath=True)
