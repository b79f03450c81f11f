"""Levels of sound: dBm0 against 16-bit linear samples (ITU-T G.711 section 4).

A full-scale sine is +3.14 dBm0 (A-law). All stages carry samples in the range of 16-bit integers,
whether the array is int16 or float32.
"""

from __future__ import annotations

FULL_SCALE = 32767.0
"Peak of the loudest sine that fits into 16 bits."

FULL_SCALE_DBM0 = 3.14
"Level of that sine."


def peak_of(dbm0: float) -> float:
    """Peak of a sine of that level in 16-bit units; -10 dBm0 gives 7218."""
    return float(FULL_SCALE * 10.0 ** ((dbm0 - FULL_SCALE_DBM0) / 20.0))


def power_of(dbm0: float) -> float:
    """Mean square of a sound of that level in 16-bit units squared."""
    return peak_of(dbm0) ** 2 / 2.0
