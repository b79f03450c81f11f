"""Keys as named events in RTP, sent (RFC 4733 sections 2.5.1 and 2.6)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from media.signals.dtmf_keys import EVENTS

TICK_MS = 20
"Time between two packets of an event."

LONGEST = 0xFFFF
"Longest duration that a packet can tell, in units of the clock; longer keys go in segments."

END_PACKETS = 3
"The packet that ends an event is sent so often."

CATCH_UP = 10
"Ticks that a key of another leg may have been heard before it is sent on."

VOLUME = 10
"Level of the tone that the event stands for, in dB below 0 dBm0."


class EventPacket(NamedTuple):
    """A packet that takes the place of a tick's audio."""

    row: int
    age: int
    """How long before the timestamp of the tick's audio the event, or this segment of it, began,
    in units of the clock: the packet's timestamp is that of the audio minus this."""
    marker: bool
    payload: bytes


class KeysSent(NamedTuple):
    """All keys of a `start` have left, their last pause too."""

    row: int
    keys: str


@dataclass(slots=True)
class _Sending:
    """The keys that a leg is to send."""

    keys: str
    tone: int | None
    "Length of each key in units of the clock; None for until it is let go."
    pause: int
    step: int
    "Units of the clock in a tick."
    waiting: deque[int] = field(default_factory=deque)
    "Events that come after the present one."
    event: int = 0
    elapsed: int = 0
    "Units since the present event began, at the beginning of the tick."
    segment: int = 0
    "Where in the event its present segment begins."
    ends_sent: int = 0


class TelephoneEventSource:
    """Sends keys on any number of rows."""

    def __init__(self, capacity: int) -> None:
        self.sending = np.zeros(capacity, np.bool_)
        "Rows whose audio is replaced by the next tick's packets: a column."
        self._lines: dict[int, _Sending] = {}

    @property
    def busy(self) -> bool:
        """Whether any row sends keys or pauses between them."""
        return bool(self._lines)

    def start(
        self,
        row: int,
        keys: str,
        *,
        tone_ms: float | None = 100.0,
        pause_ms: float = 100.0,
        clock: int = 8000,
    ) -> None:
        """Send keys, each `tone_ms` long (None: one key until `let_go`), a pause behind each.

        The pause is at least the time of the repeated end packets and one tick. What the row was
        sending is dropped. Raises ValueError for an empty string, or a character that is no key.
        """
        if not keys or not set(keys.upper()) <= set(EVENTS):
            raise ValueError(f"not keys: {keys!r}")
        if tone_ms is None and len(keys) > 1:
            raise ValueError(f"only one key can be held: {keys!r}")
        events = deque(EVENTS.index(key) for key in keys.upper())
        step = clock * TICK_MS // 1000
        tone = None if tone_ms is None else max(round(tone_ms * clock / 1000), step)
        pause = max(round(pause_ms * clock / 1000), END_PACKETS * step)
        self._lines[row] = _Sending(keys, tone, pause, step, events, events.popleft())
        self.sending[row] = True

    def let_go(self, row: int, tone_ms: float = 0.0) -> None:
        """End a key that is held when it is `tone_ms` long, with the next tick at the earliest.

        What is missing at most is `CATCH_UP` ticks, whatever the length.
        """
        line = self._lines.get(row)
        if line is not None and line.tone is None:
            wanted = round(tone_ms * line.step / TICK_MS)
            latest = line.elapsed + CATCH_UP * line.step
            line.tone = max(line.elapsed, line.step, min(wanted, latest))

    def free(self, row: int) -> None:
        """Drop what the row is sending; the far end notices by the silence."""
        self._lines.pop(row, None)
        self.sending[row] = False

    def take_packets(self) -> tuple[list[EventPacket], list[KeysSent]]:
        """Make the packets of this tick for all rows that are `sending`."""
        packets: list[EventPacket] = []
        sent: list[KeysSent] = []
        for row, line in list(self._lines.items()):
            _packets_of_tick(row, line, packets)
            line.elapsed += line.step
            if line.tone is not None and line.elapsed >= line.tone + line.pause:
                if not line.waiting:
                    self.free(row)
                    sent.append(KeysSent(row, line.keys))
                    continue
                _next_key(line)
            ended = line.tone is not None and line.ends_sent == END_PACKETS
            self.sending[row] = not ended
        return packets, sent


def _next_key(line: _Sending) -> None:
    line.event = line.waiting.popleft()
    line.elapsed = line.segment = line.ends_sent = 0


def _packets_of_tick(row: int, line: _Sending, packets: list[EventPacket]) -> None:
    """Append what one row sends: an update, or one of the end packets, or nothing in a pause."""
    if line.ends_sent == END_PACKETS:
        return
    begins = line.elapsed == 0
    reached = line.elapsed + line.step
    end = line.tone is not None and reached >= line.tone
    duration = line.tone if end and line.tone is not None else reached
    while duration - line.segment > LONGEST:
        packets.append(_packet(row, line, LONGEST, False, begins))
        line.segment += LONGEST
        begins = False
    packets.append(_packet(row, line, duration - line.segment, end, begins))
    line.ends_sent += end


def _packet(row: int, line: _Sending, duration: int, end: bool, marker: bool) -> EventPacket:
    payload = bytes((line.event, end << 7 | VOLUME)) + duration.to_bytes(2, "big")
    return EventPacket(row, line.elapsed - line.segment, marker, payload)
