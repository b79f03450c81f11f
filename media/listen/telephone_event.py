"""Keys as named events in RTP, received (RFC 4733 sections 2.3 and 2.5).

Events are rare, so each packet is looked at by itself; nothing is done a tick for rows without a
key down. A press is one (SSRC, timestamp, event), whatever of its packets is lost or comes twice.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import KeyPressed, KeyReleased
from media.signals.dtmf_keys import EVENTS

LONGEST = 0xFFFF
"Longest duration that a packet can tell, in units of the clock; longer keys come in segments."

SILENCE_MS = 150.0
"A key ends when nothing was heard of it for so long: three packets at 50 ms."

LATE_S = 2.0
"A packet that is older than the last key by less is late; by more, the sender began a new count."

SAME_PRESS_MS = 60.0
"""A key that is down begins again no sooner than after 40 ms of it and 40 ms of a pause: before
that it is one press of a gateway that counts the timestamp on, which RFC 4733 forbids."""

REMEMBERED = 8
"So many keys that are over are remembered a row, for their repeated end packets."


class EventReport(NamedTuple):
    """One event report of a packet: four octets of its payload."""

    event: int
    end: bool
    volume: int
    "0 to 63 dB below 0 dBm0."
    duration: int
    "In units of the clock, since the timestamp."

    def to_bytes(self) -> bytes:
        """Return the four octets; the reserved bit is 0."""
        return struct.pack("!BBH", self.event, self.end << 7 | self.volume, self.duration)


def read_reports(payload: bytes) -> list[EventReport]:
    """Read a payload; raises ValueError unless it is one or more reports of four octets."""
    if not payload or len(payload) % 4:
        raise ValueError(f"a telephone-event payload of {len(payload)} octets")
    return [
        EventReport(event, bool(flags & 0x80), flags & 0x3F, duration)
        for event, flags, duration in struct.iter_unpack("!BBH", payload)
    ]


class Identity(NamedTuple):
    """The identity of a press."""

    ssrc: int
    timestamp: int
    event: int


@dataclass(slots=True)
class _EventLine:
    """The last press on a leg."""

    row: int
    clock: int = 8000
    "That of the key's durations, Hz."
    last: Identity | None = None
    "The newest segment of the newest key."
    down: bool = False
    started_ms: float = 0.0
    before: int = 0
    "Duration of the key's earlier segments."
    duration: int = 0
    "Duration of the newest one."
    over: deque[Identity] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class TelephoneEventReceiver:
    """Hears the telephone-event packets of any number of rows; times are the caller's, in ms."""

    def __init__(self, capacity: int) -> None:
        self._lines: dict[int, _EventLine] = {}
        self._deadline = np.full(capacity, np.inf)

    def claim(self, row: int) -> None:
        """Begin to listen to a leg."""
        self._lines[row] = _EventLine(row)
        self._deadline[row] = np.inf

    def free(self, row: int) -> None:
        """Stop listening; a key that is down is not reported to go up."""
        self._lines.pop(row, None)
        self._deadline[row] = np.inf

    def listens(self, row: int) -> bool:
        """Whether a leg is listened to."""
        return row in self._lines

    def held(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether a key is down: bool[n]."""
        down: NDArray[np.bool_] = np.isfinite(self._deadline[rows])
        return down

    def receive(
        self,
        row: int,
        ssrc: int,
        timestamp: int,
        payload: bytes,
        now: float,
        *,
        clock: int = 8000,
    ) -> list[KeyPressed | KeyReleased]:
        """Take one packet of a claimed row, whose durations have this clock in Hz.

        Events that are no keys are ignored. Raises ValueError when the payload is none.
        """
        events: list[KeyPressed | KeyReleased] = []
        line = self._lines[row]
        for report in read_reports(payload):
            if report.event < len(EVENTS):
                identity = Identity(ssrc, timestamp & 0xFFFFFFFF, report.event)
                events += self._take(line, identity, report, now, clock)
            # The next report of the packet begins where this one ends.
            timestamp += report.duration
        return events

    def expire(self, now: float) -> list[KeyPressed | KeyReleased]:
        """Let go of keys of which nothing was heard any more; to be called once a tick."""
        events: list[KeyPressed | KeyReleased] = []
        for row in np.flatnonzero(self._deadline < now):
            events += self._release(self._lines[int(row)])
        return events

    def _take(
        self, line: _EventLine, identity: Identity, report: EventReport, now: float, clock: int
    ) -> list[KeyPressed | KeyReleased]:
        events: list[KeyPressed | KeyReleased] = []
        if identity == line.last:
            if not line.down:
                return []
        elif line.last is not None and _continues(line, identity):
            line.over.append(line.last)
            line.last = identity
            line.before += LONGEST
            line.duration = 0
        elif line.last is not None and _drags(line, identity):
            line.over.append(line.last)
            if report.duration <= line.duration:
                line.before += _ahead(line, identity) or 0
            line.last = identity
        elif report.end and line.last is not None and _repeats_end(line, identity):
            line.over.append(line.last)
            line.last = identity
            return []
        elif report.duration == 0 or identity in line.over or _is_late(line, identity):
            # Some phones announce a key with a duration of 0: nothing has been pressed yet.
            return []
        else:
            events += self._release(line)
            line.last, line.down = identity, True
            line.before = line.duration = 0
            line.clock = clock
            line.started_ms = now - report.duration * 1000 / line.clock
            events.append(KeyPressed(line.row, EVENTS[identity.event], line.started_ms))
        line.duration = max(line.duration, report.duration)
        self._deadline[line.row] = now + SILENCE_MS
        if report.end:
            events += self._release(line)
        return events

    def _release(self, line: _EventLine) -> list[KeyPressed | KeyReleased]:
        if not line.down or line.last is None:
            return []
        line.down = False
        line.over.append(line.last)
        self._deadline[line.row] = np.inf
        length = (line.before + line.duration) * 1000 / line.clock
        return [KeyReleased(line.row, EVENTS[line.last.event], line.started_ms, length)]


def _ahead(line: _EventLine, identity: Identity) -> int | None:
    """How much later a timestamp is than the row's last; None when they cannot be compared."""
    if line.last is None or line.last.ssrc != identity.ssrc:
        return None
    ahead = (identity.timestamp - line.last.timestamp) & 0xFFFFFFFF
    return ahead - (1 << 32) if ahead >= 1 << 31 else ahead


def _continues(line: _EventLine, identity: Identity) -> bool:
    """Whether this is the next segment of a long key, RFC 4733 section 2.5.1.3."""
    same = line.down and line.last is not None and line.last.event == identity.event
    return same and _ahead(line, identity) == LONGEST


def _drags(line: _EventLine, identity: Identity) -> bool:
    """Whether this is the key that is down with a timestamp that moves along."""
    return line.down and _is_just_behind(line, identity)


def _repeats_end(line: _EventLine, identity: Identity) -> bool:
    """Whether this, an end, tells again of the end of the last key, but for its timestamp."""
    return not line.down and _is_just_behind(line, identity)


def _is_just_behind(line: _EventLine, identity: Identity) -> bool:
    """Whether a timestamp of the last key follows too soon for a new press of it."""
    same = line.last is not None and line.last.event == identity.event
    return same and 0 < (_ahead(line, identity) or 0) <= SAME_PRESS_MS * line.clock / 1000


def _is_late(line: _EventLine, identity: Identity) -> bool:
    """Whether this belongs to something before the row's last key."""
    ahead = _ahead(line, identity)
    return ahead is not None and -LATE_S * line.clock < ahead < 0
