"""The listeners besides those for keys: silence, network tones, fax, beeps, answering machines.

Requests claim rows of the listeners; what these hear becomes messages.
"""

from __future__ import annotations

from collections.abc import Callable

from media.control.session import Reply
from media.control.sound import Listen, SoundRecognised
from media.legs import Legs
from media.listen.answering_machine import AnsweringMachineListener
from media.listen.heard import AnswererHeard, PatternHeard, ProgressHeard, SilenceHeard, SoundHeard
from media.listen.progress import ProgressListener
from media.listen.silence import LEAST_MS, SilenceListener
from media.listen.tone_listener import ToneListener
from media.listen.tone_patterns import PatternListener
from media.orders.request_table import RequestTable
from media.tick.rooms import Rooms
from media.tick.tick import Tick

SILENCE, NETWORK, TONES, ANSWER = "silence", "network", "tones", "answer"
"The kinds of sound that listeners recognise."


Listener = SilenceListener | ProgressListener | PatternListener | AnsweringMachineListener


class Listeners:
    """The listeners of a worker that hear no keys."""

    def __init__(self, legs: Legs, tick: Tick, rooms: Rooms, tell: Callable[[Reply], None]) -> None:
        """Send events and answers by `tell`."""
        self._legs, self._rooms, self._tell = legs, rooms, tell
        self._silence = SilenceListener(legs.capacity)
        rate = tick.narrow.rate
        self._network = ProgressListener(legs.capacity, rate)
        self._tones = PatternListener(legs.capacity, ToneListener(legs.capacity, rate))
        self._answer = AnsweringMachineListener(legs.capacity)
        self._wanted: dict[int, set[str]] = {}
        listeners = (self._silence, self._network, self._tones, self._answer)
        self._listeners: dict[str, Listener] = dict(
            zip((SILENCE, NETWORK, TONES, ANSWER), listeners, strict=True)
        )
        tick.narrow.listeners.extend(listeners)
        tick.subscribe(SilenceHeard, lambda event: self._heard(event.row, SILENCE, "silence"))
        tick.subscribe(SoundHeard, lambda event: self._heard(event.row, SILENCE, "sound"))
        tick.subscribe(ProgressHeard, lambda event: self._heard(event.row, NETWORK, event.tone))
        tick.subscribe(AnswererHeard, self._answered)
        tick.subscribe(PatternHeard, lambda event: self._heard(event.row, TONES, event.pattern))

    # ---- requests ----

    def add_requests(self, table: RequestTable) -> None:
        """Enter the requests that this part answers."""
        table.add(Listen, self._listen)

    def _listen(self, request: Listen) -> None:
        row, what = self._legs.row(request.leg), request.what
        if what not in self._listeners:
            raise KeyError(f"{what!r} cannot be listened for: {', '.join(self._listeners)}")
        self._free(row, what)
        if not request.wanted:
            return
        match what:
            case "silence":
                seconds = request.seconds
                self._silence.claim(row, LEAST_MS if seconds is None else seconds * 1000)
            case "network":
                self._network.claim(row)
            case "tones":
                self._tones.claim(row)
            case "answer":
                self._answer.claim(row)
        self._wanted.setdefault(row, set()).add(what)
        self._rooms.claim(row, ("listened to for", what))

    # ---- rows, and time ----

    def changed(self, row: int) -> None:
        """Go on: what is listened for does not depend on formats and rooms."""

    def forget(self, row: int) -> None:
        """Let go of a leg that is about to be closed."""
        for what in tuple(self._wanted.get(row, ())):
            self._free(row, what)

    def settle(self, now: float) -> None:
        """Do nothing: listeners tell in the tick."""

    def close(self) -> None:
        """Do nothing: there are no threads."""

    def _free(self, row: int, what: str) -> None:
        wanted = self._wanted.get(row, set())
        if what not in wanted:
            return
        wanted.discard(what)
        if not wanted:
            del self._wanted[row]
        self._listeners[what].free(row)
        self._rooms.release(row, ("listened to for", what))

    # ---- what is heard ----

    def _answered(self, event: AnswererHeard) -> None:
        self._free(event.row, ANSWER)
        self._heard(event.row, ANSWER, event.by)

    def _heard(self, row: int, what: str, name: str) -> None:
        self._tell(SoundRecognised(leg=int(self._legs.leg[row]), what=what, name=name))
