"""Speech as a telephone wants it: the rate of the rows, an even level, short pauses."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from media.signals.levels import FULL_SCALE, peak_of, power_of
from media.speech.engine import Sound

LEVEL_DBM0 = -17.0
"Level of the voice where it speaks; ITU-T G.111 has -20 to -15 for a talker."

PEAK_DBM0 = 1.0
"No sample is louder than the peak of a sine of this level."

SPEAKING_DBM0 = -40.0
"A frame above this, after a first guess, counts as voice."

LEAD_MS = 40
"Silence before the first sound."

PAUSE_MS = 250
"Silence after the last sound of a sentence."

FRAME_MS = 20


def to_telephone(sound: Sound, rate: int, wanted: int) -> NDArray[np.int16]:
    """Return a sentence at the wanted rate and level, with an even pause at its end."""
    samples = soxr.resample(sound, rate, wanted).astype(np.float64) * FULL_SCALE
    frame = wanted * FRAME_MS // 1000
    power = _powers(samples, frame)
    speaking = power > max(power_of(SPEAKING_DBM0), power.max(initial=0.0) / 1000.0)
    if not speaking.any():
        return np.zeros(PAUSE_MS * wanted // 1000, np.int16)
    gain = np.sqrt(power_of(LEVEL_DBM0) / power[speaking].mean())
    gain = min(gain, peak_of(PEAK_DBM0) / np.abs(samples).max())
    first, last = np.flatnonzero(power > power_of(-55.0) / gain**2)[[0, -1]]
    begin = max(0, first * frame - LEAD_MS * wanted // 1000)
    kept = samples[begin : (last + 1) * frame] * gain
    pause = np.zeros(PAUSE_MS * wanted // 1000)
    return np.asarray(np.rint(np.concatenate([kept, pause])), dtype=np.int16)


def _powers(samples: NDArray[np.float64], frame: int) -> NDArray[np.float64]:
    """Return the mean square of each frame; the last one is filled up with silence."""
    padded = np.pad(samples, (0, -len(samples) % frame))
    return np.asarray(np.mean(padded.reshape(-1, frame) ** 2, axis=1))
