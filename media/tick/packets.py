"""What the jitter buffer takes and gives: packets as they arrive, and a frame for each row."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.integer]


class PullKind(IntEnum):
    """What a pull yields for a row."""

    NOTHING = 0
    "No stream, or it has not begun to play: silence."
    FRAME = 1
    "A packet."
    LOST = 2
    "A packet is missing while later ones are here: conceal it."
    EMPTY = 3
    "Nothing is here yet: conceal, which soon fades to silence; the delay grows by this frame."
    PAUSE = 4
    "The sender is silent on purpose: comfort noise or silence."


class ArrivedPackets(NamedTuple):
    """Packets in order of arrival, one column a field, each of length n."""

    rows: Index
    sequences: NDArray[np.integer]
    "16 bits, as they stand in the header."
    timestamps: NDArray[np.integer]
    "32 bits, as they stand in the header."
    arrivals: NDArray[np.float64]
    "Seconds of the clock that `pull` is given."
    payload_types: NDArray[np.integer]
    "7 bits."
    payloads: NDArray[np.uint8]
    "Shape (n, any)."
    lengths: NDArray[np.integer]
    "Octets of each payload."


class Pulled(NamedTuple):
    """One frame for each of n rows."""

    kinds: NDArray[np.uint8]
    "Values of `PullKind`, shape (n,)."
    payloads: NDArray[np.uint8]
    "Shape (n, longest of `lengths`); only rows of kind FRAME mean anything."
    lengths: Index
    "Octets of each payload, 0 where there is none."
    payload_types: NDArray[np.integer]
