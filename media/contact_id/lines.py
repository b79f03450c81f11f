"""The Contact ID calls of a worker: receivers and panels, joined to keys, tones and players.

Times are ms of one clock, the worker's; the listeners' times count from `receive` or `report`, so
the listeners of a row must be claimed at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from media.contact_id import panel, receiver
from media.contact_id.message import ContactIdMessage
from media.contact_id.panel import ContactIdPanel
from media.contact_id.receiver import ContactIdReceiver
from media.listen.heard import KeyPressed, KeyReleased, ToneEnded, ToneStarted
from media.signals.tone_table import Tone

News = (
    receiver.Received
    | receiver.KissedOff
    | receiver.Rejected
    | receiver.ListenIn
    | receiver.ReceiverHangsUp
    | panel.Delivered
    | panel.PanelHangsUp
)
"What the driver of the lines has to know of, or to do."


class Told(NamedTuple):
    """News of one row."""

    row: int
    news: News


class ContactIdLines:
    """Rows that receive messages, and rows that report them."""

    def __init__(
        self,
        capacity: int,
        play: Callable[[int, Tone], object],
        send: Callable[[int, str, float], object],
    ) -> None:
        """`play` a tone on a row; `send` keys on it, each so many ms, then call `keys_sent`."""
        self._play, self._send = play, send
        self._lines: dict[int, ContactIdReceiver | ContactIdPanel] = {}
        self._deadline = np.full(capacity, np.inf)
        self._begun = np.zeros(capacity)

    def receive(self, row: int, now: float, timing: receiver.Timing = receiver.STANDARD) -> None:
        """Be the receiver on a call that has been answered."""
        self._begin(row, ContactIdReceiver(now, timing), now)

    def report(self, row: int, messages: Iterable[ContactIdMessage], now: float) -> None:
        """Be the panel on a call that has been answered; needs its single tones listened to."""
        self._begin(row, ContactIdPanel(messages, now), now)

    def free(self, row: int) -> None:
        """Forget a call."""
        self._lines.pop(row, None)
        self._deadline[row] = np.inf

    def hear(
        self, event: KeyPressed | KeyReleased | ToneStarted | ToneEnded, now: float
    ) -> list[Told]:
        """Take what was heard on any row; other rows than those of these lines are ignored."""
        line = self._lines.get(event.row)
        begun = float(self._begun[event.row])
        effects: Sequence[receiver.Effect | panel.Effect] = ()
        if isinstance(line, ContactIdReceiver) and isinstance(event, KeyPressed):
            effects = line.key(event.key, now)
        elif isinstance(line, ContactIdPanel) and isinstance(event, ToneStarted):
            effects = line.tone_started(event.hertz, begun + event.started_ms)
        elif isinstance(line, ContactIdPanel) and isinstance(event, ToneEnded):
            started = begun + event.started_ms
            effects = line.tone_ended(event.hertz, started, started + event.duration_ms)
        return self._perform(event.row, effects)

    def keys_sent(self, row: int, now: float) -> list[Told]:
        """Know that all keys of a `send` have left."""
        line = self._lines.get(row)
        return self._perform(row, line.keys_sent(now)) if isinstance(line, ContactIdPanel) else []

    def stored(self, row: int, message: ContactIdMessage, now: float) -> list[Told]:
        """Know that a message that was `Received` is kept for good."""
        line = self._lines.get(row)
        if not isinstance(line, ContactIdReceiver):
            return []
        return self._perform(row, line.stored(message, now))

    def not_stored(self, row: int, message: ContactIdMessage, now: float) -> list[Told]:
        """Know that it could not be kept."""
        line = self._lines.get(row)
        if not isinstance(line, ContactIdReceiver):
            return []
        return self._perform(row, line.not_stored(message, now))

    def advance(self, now: float) -> list[Told]:
        """Do what is due; call this once a tick."""
        told: list[Told] = []
        for row in np.flatnonzero(self._deadline <= now).tolist():
            told += self._perform(row, self._lines[row].advance(now))
        return told

    def _begin(self, row: int, line: ContactIdReceiver | ContactIdPanel, now: float) -> None:
        self._lines[row] = line
        self._begun[row] = now
        self._deadline[row] = line.deadline

    def _perform(self, row: int, effects: Sequence[receiver.Effect | panel.Effect]) -> list[Told]:
        """Play tones and send keys; return the other effects as news."""
        told: list[Told] = []
        for effect in effects:
            match effect:
                case receiver.PlayHandshake():
                    self._play(row, receiver.HANDSHAKE)
                case receiver.PlayKissoff():
                    self._play(row, receiver.KISSOFF)
                case panel.PanelKeys(keys, digit_ms):
                    self._send(row, keys, digit_ms)
                case _:
                    told.append(Told(row, effect))
        if row in self._lines:
            self._deadline[row] = self._lines[row].deadline
        return told
