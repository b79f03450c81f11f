"""Tones of the network by their cadence, on many legs at once (ITU-T E.180, E.182).

Twice a tick it is asked whether nearly all the power lies where all countries have their tones.
The lengths of sound and silence are then compared with the cadences of the table, in Python,
because a cadence changes a few times a second at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import ProgressHeard
from media.listen.windows import HOP_MS, Windows, band_kernels
from media.signals.levels import power_of
from media.signals.tone_table import COUNTRIES, Tone

BAND = (300.0, 640.0)
"Hz between which the tones of all countries lie."

SHARE = 0.85
"Share of the power that must be there."

LOWEST_LEVEL = power_of(-43.0)

STEADY_HOPS = 3
"A change that is over sooner is none."

DIAL_MS = 3000.0
"A tone without a break is a dial tone after so long; ringback lasts 2000 ms at most."

TOLERANCE = 0.12
TOLERANCE_MS = 40.0
"A length fits when it is so near, whichever is more."

REPEATED = 2
"A cadence of one burst must come so often; a ringback once."

BUSY_FROM_MS = 280.0
"Where the country is not known, shorter bursts than this are congestion."

REMEMBERED = 8
"So many lengths of a row are kept."

Cadence = tuple[float, ...]
"Lengths in ms: on, off, on, off ..."


def _cadence(tone: Tone) -> Cadence:
    return tuple(burst.milliseconds or 0.0 for burst in tone.bursts)


CADENCES: dict[str, dict[str, Cadence]] = {
    name: {
        "ringback": _cadence(country.ringback),
        "busy": _cadence(country.busy),
        "congestion": _cadence(country.congestion),
    }
    for name, country in COUNTRIES.items()
}
"Of each country; where busy and congestion are the same it is busy."


def recognise(lengths: Sequence[float], country: str = "") -> str | None:
    """Name the tone whose last lengths in ms, on, off ... on, off, are these; None: not yet.

    Without a country, equal bursts and pauses are `busy` above 300 ms and `congestion` below.
    """
    if country:
        cadences = CADENCES[country]
        # Spain's congestion begins like its busy tone.
        repeated = max(REPEATED, *(len(cadence) // 2 for cadence in cadences.values()))
        for name, cadence in cadences.items():
            once = name == "ringback" or len(cadence) > 2
            if _fits(lengths, cadence * (1 if once else repeated)):
                return name
        return None
    if len(lengths) >= 2 and lengths[-2] >= 300 and lengths[-1] >= 1400:
        return "ringback"
    on = lengths[-1] if lengths else 0.0
    if BUSY_FROM_MS <= on <= 800 and _fits(lengths, (on, on) * REPEATED):
        return "busy"
    # Syllables can be as regular as this once or twice.
    if 150 <= on < BUSY_FROM_MS and _fits(lengths, (on, on) * (REPEATED + 1)):
        return "congestion"
    return None


def _fits(lengths: Sequence[float], cadence: Cadence) -> bool:
    """Whether the last lengths are those of a cadence, begun with any of its bursts."""
    if len(lengths) < len(cadence):
        return False
    last = lengths[len(lengths) - len(cadence) :]
    for turn in range(0, len(cadence), 2):
        turned = cadence[turn:] + cadence[:turn]
        if all(
            abs(length - nominal) <= max(TOLERANCE * nominal, TOLERANCE_MS)
            for length, nominal in zip(last, turned, strict=True)
        ):
            return True
    return False


class ProgressListener:
    """Listens for the network's tones on any of a number of rows.

    Time of a row begins with its `claim`, and goes on with each `feed_samples` of the row.
    """

    def __init__(self, capacity: int, rate: int = 8000) -> None:
        """Rows 0 to `capacity` - 1; `rate` is 8000 or 16000 samples a second."""
        self.listening = np.zeros(capacity, np.bool_)
        "Which rows are claimed: a column."
        self._windows = Windows(capacity, band_kernels(*BAND, rate), rate)
        self._on = np.zeros(capacity, np.bool_)
        self._hops = np.zeros(capacity, np.int64)
        "Since the row was claimed."
        self._since = np.zeros(capacity, np.int64)
        "Hop of the last change."
        self._contrary = np.zeros(capacity, np.int64)
        "Hops for which it has not been as it was."
        self._dialling = np.zeros(capacity, np.bool_)
        "Whether the sound that lasts was told of as a dial tone."
        self._countries: dict[int, str] = {}
        self._lengths: dict[int, deque[float]] = {}
        self._told: dict[int, str] = {}

    def claim(self, row: int, country: str = "") -> None:
        """Begin to listen to a leg; KeyError for a country that is not in the table."""
        if country:
            CADENCES[country]
        self._windows.claim(row)
        self._on[row] = self._dialling[row] = False
        self._hops[row] = self._since[row] = self._contrary[row] = 0
        self._countries[row] = country
        self._lengths[row] = deque(maxlen=REMEMBERED)
        self._told[row] = ""
        self.listening[row] = True

    def free(self, row: int) -> None:
        """Stop listening to a leg."""
        self.listening[row] = False

    def feed_samples(
        self, rows: NDArray[np.intp], samples: NDArray[np.int16] | NDArray[np.float32]
    ) -> list[ProgressHeard]:
        """Hear the next 20 ms of each row: int16 or float32 in 16-bit units [n, 160 or 320]."""
        spectra, energy = self._windows.analyse_samples(rows, samples)
        power = np.square(spectra).sum(axis=0)
        heard = (power > SHARE * energy) & (power > LOWEST_LEVEL)
        events: list[ProgressHeard] = []
        for half in heard.reshape(2, len(rows)):
            self._advance(rows, half, events)
        return events

    def _advance(
        self, rows: NDArray[np.intp], heard: NDArray[np.bool_], events: list[ProgressHeard]
    ) -> None:
        """Take one window of each row."""
        now = self._hops[rows] + 1
        self._hops[rows] = now
        on = self._on[rows]
        contrary = np.where(heard != on, self._contrary[rows] + 1, 0)
        self._contrary[rows] = contrary
        for place in (contrary >= STEADY_HOPS).nonzero()[0]:
            self._change(int(rows[place]), not on[place], int(now[place]), events)
        lasting = on & ((now - self._since[rows]) * HOP_MS >= DIAL_MS) & ~self._dialling[rows]
        for place in lasting.nonzero()[0]:
            row = int(rows[place])
            self._dialling[row] = True
            self._tell(row, "dial", float(self._since[row]) * HOP_MS, events)

    def _change(self, row: int, on: bool, now: int, events: list[ProgressHeard]) -> None:
        """Note that a tone began or ended some windows ago."""
        changed = now - STEADY_HOPS
        lengths = self._lengths[row]
        length = (changed - self._since[row]) * HOP_MS
        # The silence before the first tone has no meaning.
        if lengths or not on:
            lengths.append(float(length))
        self._on[row], self._since[row], self._contrary[row] = on, changed, 0
        self._dialling[row] = False
        if on and (tone := recognise(list(lengths), self._countries[row])):
            self._tell(row, tone, changed * HOP_MS - sum(lengths), events)

    def _tell(self, row: int, tone: str, started: float, events: list[ProgressHeard]) -> None:
        """Tell of a tone once, until another comes."""
        if self._told[row] != tone:
            self._told[row] = tone
            events.append(ProgressHeard(row, tone, started))
