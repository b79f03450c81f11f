"""L16: plain 16-bit samples in network order (RFC 3551 section 4.5.11), for all rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Octets = NDArray[np.uint8]


def decode(payloads: Octets) -> Rows:
    """Return (n, octets / 2) samples; an odd last octet is left out."""
    octets = payloads.shape[1] & ~1
    return np.ascontiguousarray(payloads[:, :octets]).view(">i2").astype(np.int16)


def encode(frames: Rows) -> Octets:
    """Return (n, 2 * samples) octets."""
    return frames.astype(">i2").view(np.uint8)
