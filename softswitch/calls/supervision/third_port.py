"""The port of a third beside a call: whom it hears, and who hears it. It is in no room."""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.calls.call.call import Call
from softswitch.calls.ports.media_port import MediaPort


class ThirdPort:
    """One port that hears others which talk to each other."""

    __slots__ = ("_heard", "port")

    def __init__(self, port: MediaPort) -> None:
        self.port = port
        self._heard: list[MediaPort] = []

    def beside(self, call: Call) -> list[MediaPort]:
        """The ports of a call's parties, as far as they are on the same worker."""
        ports = [party.audio.port for party in call.parties]
        return [port for port in ports if port is not None and port.worker is self.port.worker]

    def arrange(self, heard: list[MediaPort], hearers: Sequence[MediaPort]) -> None:
        """Hear these and no others, and be heard by those alone."""
        for left in self._heard:
            if left not in heard:
                left.let_overhear_no_more(self.port)
        for each in heard:
            each.let_overhear(self.port)
        self._heard = heard
        self.port.whisper_to(hearers)

    def leave(self) -> None:
        """Hear nobody, and be heard by nobody; harmless when it is so."""
        self.arrange([], ())
