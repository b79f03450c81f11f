"""G.722: 7 kHz speech in 64 kbit/s (ITU-T G.722), with the RTP clock of RFC 3551 section 4.5.2.

The codec is a filter with a memory, so every row has an encoder and a decoder of its own and is
called one by one (15 us a frame). With rows of 8 kHz the library leaves the upper half-band out,
which saves half of that where the other legs are narrow-band anyway.
"""

from __future__ import annotations

from typing import Any

import G722
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Octets = NDArray[np.uint8]
Index = NDArray[np.integer]

RTP_CLOCK = 8000
"Kept wrong on purpose since RFC 1890: an octet is one tick, and two samples of 16 kHz."

BIT_RATE = 64_000


class G722Codec:
    """The G.722 streams of all rows at one sample rate, 8000 or 16,000 Hz."""

    def __init__(self, rate: int) -> None:
        if rate not in (8000, 16_000):
            raise ValueError(f"G.722 is decoded to 8000 or 16000 Hz, not to {rate}")
        self.rate = rate
        self._per_octet = rate // RTP_CLOCK
        self._decoders: dict[int, Any] = {}
        self._encoders: dict[int, Any] = {}

    def open_row(self, row: int, fmtp: str = "") -> None:
        """Begin both streams of a row anew; G.722 has no parameters."""
        self._decoders[row] = G722.G722(self.rate, BIT_RATE)
        self._encoders[row] = G722.G722(self.rate, BIT_RATE)

    def close_row(self, row: int) -> None:
        """Forget a row."""
        self._decoders.pop(row, None)
        self._encoders.pop(row, None)

    def samples(self, payloads: Octets, lengths: Index) -> Index:
        """Return how many samples each payload decodes to, shape (n,)."""
        return lengths * self._per_octet

    def decode(self, rows: Index, payloads: Octets, lengths: Index, samples: int) -> Rows:
        """Return (n, samples) for payloads that all have that many samples, shape (n, any)."""
        octets = samples // self._per_octet
        blob = payloads[:, :octets].tobytes()
        out = np.empty((len(rows), samples), dtype=np.int16)
        for index, row in enumerate(rows.tolist()):
            frame = blob[index * octets : (index + 1) * octets]
            out[index] = np.frombuffer(self._decoders[row].decode(frame), dtype=np.int16)
        return out

    def encode(self, rows: Index, frames: Rows) -> tuple[Octets, Index]:
        """Return the payloads of (n, samples), shape (n, octets), and their lengths."""
        octets = frames.shape[1] // self._per_octet
        parts = [
            self._encoders[row].encode(frame)
            for row, frame in zip(rows.tolist(), frames, strict=True)
        ]
        payloads = np.frombuffer(b"".join(parts), dtype=np.uint8).reshape(-1, octets)
        return payloads, np.full(len(rows), octets, dtype=np.intp)
