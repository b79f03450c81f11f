"""Levels of sound: dBm0 against 16-bit linear samples (ITU-T G.711 section 4).

A full-scale sine is +3.14 dBm0 (A-law). All stages carry samples in the range of 16-bit integers,
whether the array is int16 or float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def mean_square(samples: NDArray[np.int16] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Power of each row of samples [n, any] in 16-bit units squared: float32[n]."""
    wide = samples.astype(np.float32)
    power: NDArray[np.float32] = np.einsum("ij,ij->i", wide, wide) / np.float32(wide.shape[1])
    return power
