"""What single tones mean: fax (ITU-T T.30), special information (E.180), beeps of machines."""

from __future__ import annotations

from math import inf
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import PatternHeard, ToneEnded, ToneStarted


class Range(NamedTuple):
    """From and to, inclusive."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high


CNG_HERTZ = Range(1062.0, 1138.0)
CNG_MS = Range(425.0, 575.0)
"A calling fax: 1100 Hz +-38 for 500 ms +-15 %."

CED_HERTZ = Range(2075.0, 2125.0)
CED_MS = 1000.0
"An answering fax or modem: 2100 Hz +-15 for 2.6 to 4 s; enough when it has lasted so long."

CED_BREAK_MS = 120.0
"Modems turn the phase every 450 ms, which looks like a break."

SIT_HERTZ = (Range(900.0, 1000.0), Range(1340.0, 1460.0), Range(1740.0, 1850.0))
SIT_MS = Range(200.0, 450.0)
"Special information: three rising tones of 330 +-70 ms, in North America 274 or 380."

SIT_BREAK_MS = 100.0

BEEP_HERTZ = Range(350.0, 2250.0)
BEEP_MS = Range(150.0, 3000.0)
"The beep at the end of an answering machine's greeting."

BEEP_ALONE_MS = 150.0
"No other tone follows a beep so soon."


TICK_MS = 20.0


class TonePatterns:
    """The tones of one leg; times are those of the tones."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.deadline = inf
        "When `advance` is to be called next."
        self._recent: list[ToneEnded] = []
        self._ced_since: float | None = None
        self._ced_ended = -inf
        self._ced_told = False
        self._beep: ToneEnded | None = None

    def hear(self, tone: ToneStarted | ToneEnded) -> list[PatternHeard]:
        """Take a tone of the leg."""
        if isinstance(tone, ToneStarted):
            self._beep = None
            self._start(tone)
            return []
        return self._end(tone)

    def advance(self, now: float) -> list[PatternHeard]:
        """Do what is due."""
        if now < self.deadline:
            return []
        patterns = []
        if self._beep is not None and now >= _end_of(self._beep) + BEEP_ALONE_MS:
            patterns.append(PatternHeard(self.row, "beep", _end_of(self._beep)))
            self._beep = None
        if self._ced_since is not None and now >= self._ced_since + CED_MS:
            patterns += self._tell_ced()
        self._set_deadline()
        return patterns

    def _start(self, tone: ToneStarted) -> None:
        if CED_HERTZ.holds(tone.hertz) and not self._ced_told:
            if tone.started_ms - self._ced_ended > CED_BREAK_MS or self._ced_since is None:
                self._ced_since = tone.started_ms
        else:
            self._ced_since = None
        self._set_deadline()

    def _end(self, tone: ToneEnded) -> list[PatternHeard]:
        patterns: list[PatternHeard] = []
        self._recent = [*self._recent[-2:], tone]
        if CED_HERTZ.holds(tone.hertz):
            self._ced_ended = _end_of(tone)
            if self._ced_since is not None and self._ced_ended - self._ced_since >= CED_MS:
                patterns += self._tell_ced()
        elif CNG_HERTZ.holds(tone.hertz) and CNG_MS.holds(tone.duration_ms):
            patterns.append(PatternHeard(self.row, "cng", _end_of(tone)))
        elif self._is_special():
            patterns.append(PatternHeard(self.row, "sit", _end_of(tone)))
        elif BEEP_HERTZ.holds(tone.hertz) and BEEP_MS.holds(tone.duration_ms):
            self._beep = tone
        self._set_deadline()
        return patterns

    def _is_special(self) -> bool:
        """Whether the last three tones rise as they should, one right behind the other."""
        if len(self._recent) < 3:
            return False
        fits = all(
            hertz.holds(tone.hertz) and SIT_MS.holds(tone.duration_ms)
            for hertz, tone in zip(SIT_HERTZ, self._recent, strict=True)
        )
        breaks = [
            after.started_ms - _end_of(before)
            for before, after in zip(self._recent[:2], self._recent[1:], strict=True)
        ]
        return fits and max(breaks) <= SIT_BREAK_MS

    def _tell_ced(self) -> list[PatternHeard]:
        if self._ced_since is None or self._ced_told:
            return []
        self._ced_told = True
        at = self._ced_since + CED_MS
        self._ced_since = None
        return [PatternHeard(self.row, "ced", at)]

    def _set_deadline(self) -> None:
        beep = inf if self._beep is None else _end_of(self._beep) + BEEP_ALONE_MS
        # A tone that has ended may have been cut by a turn of its phase; it is given up after that.
        lasting = self._ced_since is not None and self._ced_ended < self._ced_since
        self.deadline = min(beep, self._ced_since + CED_MS if lasting and self._ced_since else inf)


class Tones(Protocol):
    """What hears single tones, see `tone_listener`."""

    listening: NDArray[np.bool_]

    def claim(self, row: int) -> None:
        """Begin to listen to a leg."""

    def free(self, row: int) -> None:
        """Stop listening to it."""

    def feed_samples(
        self, rows: NDArray[np.intp], samples: NDArray[np.int16]
    ) -> list[ToneStarted | ToneEnded]:
        """Hear the next 20 ms of each row."""


class PatternListener:
    """Listens for patterns on any of a number of rows; tells of the single tones too."""

    def __init__(self, capacity: int, tones: Tones) -> None:
        """`tones` has as many rows, and is fed here only."""
        self._tones = tones
        self.listening = tones.listening
        "Which rows are claimed: a column."
        self._legs: dict[int, TonePatterns] = {}
        self._now = np.zeros(capacity)
        self._deadline = np.full(capacity, inf)

    def claim(self, row: int) -> None:
        """Begin to listen to a leg; whatever the row heard before is forgotten."""
        self._tones.claim(row)
        self._legs[row] = TonePatterns(row)
        self._now[row], self._deadline[row] = 0, inf

    def free(self, row: int) -> None:
        """Stop listening to a leg."""
        self._tones.free(row)

    def feed_samples(
        self, rows: NDArray[np.intp], samples: NDArray[np.int16]
    ) -> list[ToneStarted | ToneEnded | PatternHeard]:
        """Hear the next 20 ms of each row: int16 in 16-bit units [n, 160 or 320]."""
        told: list[ToneStarted | ToneEnded | PatternHeard] = []
        for tone in self._tones.feed_samples(rows, samples):
            leg = self._legs[tone.row]
            told += [tone, *leg.hear(tone)]
            self._deadline[tone.row] = leg.deadline
        now = self._now[rows] + TICK_MS
        self._now[rows] = now
        for row in rows[self._deadline[rows] <= now].tolist():
            leg = self._legs[row]
            told += leg.advance(float(self._now[row]))
            self._deadline[row] = leg.deadline
        return told


def _end_of(tone: ToneEnded) -> float:
    return tone.started_ms + tone.duration_ms
