"""The codecs that we decode and encode, as one table (RFC 3551 section 6, RFC 7587).

A codec works on matrices: payloads, one row a packet, become frames of 16-bit samples, one row a
leg, and the other way round. G.711 and L16 are single expressions; G.722 and Opus remember their
streams, so a row is opened before it is used and closed when its leg ends. Every codec serves rows
of both rates: one that knows only one of them is resampled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from media.codecs import g711, l16, opus
from media.codecs.g722 import G722Codec
from media.codecs.opus import OpusCodec
from media.codecs.resample import converter

Rows = NDArray[np.int16]
Octets = NDArray[np.uint8]
Index = NDArray[np.integer]

NARROW, WIDE = 8000, 16_000
"The sample rates of rows, Hz."


class Codec(Protocol):
    """One codec at one sample rate, for all rows."""

    rate: int
    "Samples a second of the frames."

    def open_row(self, row: int, fmtp: str = "") -> None:
        """Begin the streams of a row; `fmtp` is what the far end wishes to receive."""

    def close_row(self, row: int) -> None:
        """Forget a row."""

    def samples(self, payloads: Octets, lengths: Index) -> Index:
        """Return how many samples each payload decodes to; 0: it is none of this codec."""

    def decode(self, rows: Index, payloads: Octets, lengths: Index, samples: int) -> Rows:
        """Return (n, samples) for payloads that all decode to that many."""

    def encode(self, rows: Index, frames: Rows) -> tuple[Octets, Index]:
        """Return payloads, shape (n, longest), and the length of each."""


class PlainCodec:
    """A codec without memory: each sample is so many octets of its own."""

    def __init__(
        self,
        rate: int,
        octets: int,
        decode: Callable[[Octets], Rows],
        encode: Callable[[Rows], Octets],
    ) -> None:
        self.rate = rate
        self._octets = octets
        self._decode, self._encode = decode, encode

    def open_row(self, row: int, fmtp: str = "") -> None:
        """Do nothing: there is nothing to remember."""

    def close_row(self, row: int) -> None:
        """Do nothing."""

    def samples(self, payloads: Octets, lengths: Index) -> Index:
        """Return how many samples each payload decodes to."""
        return lengths // self._octets

    def decode(self, rows: Index, payloads: Octets, lengths: Index, samples: int) -> Rows:
        """Return (n, samples)."""
        return self._decode(payloads[:, : samples * self._octets])

    def encode(self, rows: Index, frames: Rows) -> tuple[Octets, Index]:
        """Return payloads and their lengths, all equal."""
        payloads = self._encode(np.ascontiguousarray(frames))
        return payloads, np.full(len(payloads), payloads.shape[1], dtype=np.intp)


class ResampledCodec:
    """A codec on rows of a rate that is not its own."""

    def __init__(self, codec: Codec, rate: int, capacity: int) -> None:
        """Serve rows 0 to `capacity` - 1 of `rate` Hz."""
        self.rate = rate
        self._codec = codec
        self._decoded = converter(capacity, codec.rate, rate)
        self._encoded = converter(capacity, rate, codec.rate)

    def open_row(self, row: int, fmtp: str = "") -> None:
        """Begin the streams of a row."""
        self._codec.open_row(row, fmtp)
        self._decoded.reset(row)
        self._encoded.reset(row)

    def close_row(self, row: int) -> None:
        """Forget a row."""
        self._codec.close_row(row)

    def samples(self, payloads: Octets, lengths: Index) -> Index:
        """Return how many samples each payload decodes to."""
        return self._codec.samples(payloads, lengths) * self.rate // self._codec.rate

    def decode(self, rows: Index, payloads: Octets, lengths: Index, samples: int) -> Rows:
        """Return (n, samples)."""
        own = samples * self._codec.rate // self.rate
        return self._decoded.convert(rows, self._codec.decode(rows, payloads, lengths, own))

    def encode(self, rows: Index, frames: Rows) -> tuple[Octets, Index]:
        """Return payloads and their lengths."""
        return self._codec.encode(rows, self._encoded.convert(rows, frames))


def _never() -> None:
    return None


class CodecKind(NamedTuple):
    """A row of the table: what a name and a clock of `a=rtpmap` stand for."""

    name: str
    clock: int
    "RTP clock, Hz."
    best_rate: int
    "Sample rate that does it justice."
    make: Callable[[int], Codec]
    "Called with the sample rate."
    rates: tuple[int, ...]
    "Sample rates that `make` takes; at the other one it is resampled."
    ptimes: tuple[int, ...] = (10, 20, 30, 40, 50, 60)
    "Milliseconds of a packet that can be encoded."
    why_absent: Callable[[], str | None] = _never
    "Why it cannot be used on this machine."


def _pcmu(rate: int) -> Codec:
    return PlainCodec(rate, 1, g711.decode_ulaw, g711.encode_ulaw)


def _pcma(rate: int) -> Codec:
    return PlainCodec(rate, 1, g711.decode_alaw, g711.encode_alaw)


def _l16(rate: int) -> Codec:
    return PlainCodec(rate, 2, l16.decode, l16.encode)


TABLE: tuple[CodecKind, ...] = (
    CodecKind("PCMU", 8000, NARROW, _pcmu, (NARROW,)),
    CodecKind("PCMA", 8000, NARROW, _pcma, (NARROW,)),
    CodecKind("G722", 8000, WIDE, G722Codec, (NARROW, WIDE)),
    CodecKind("L16", 8000, NARROW, _l16, (NARROW,)),
    CodecKind("L16", 16_000, WIDE, _l16, (WIDE,), (10, 20, 30, 40)),
    CodecKind("OPUS", 48_000, WIDE, OpusCodec, (NARROW, WIDE), (10, 20, 40, 60), opus.why_absent),
)

_KINDS = {(kind.name, kind.clock): kind for kind in TABLE}


def find(name: str, clock: int) -> CodecKind | None:
    """Return the kind for a name of `a=rtpmap`, in any letter case; None: we cannot decode it."""
    return _KINDS.get((name.upper(), clock))


class Codecs:
    """The codecs of one worker, each made when it is first needed."""

    def __init__(self, capacity: int) -> None:
        """Serve rows 0 to `capacity` - 1."""
        self._capacity = capacity
        self._made: dict[tuple[str, int, int], Codec] = {}

    def get(self, kind: CodecKind, rate: int) -> Codec:
        """Return the codec for rows of 8000 or 16,000 Hz."""
        key = (kind.name, kind.clock, rate)
        if key not in self._made:
            self._made[key] = self._make(kind, rate)
        return self._made[key]

    def _make(self, kind: CodecKind, rate: int) -> Codec:
        if rate in kind.rates:
            return kind.make(rate)
        return ResampledCodec(kind.make(kind.best_rate), rate, self._capacity)


def different(lengths: Index) -> list[int]:
    """Return the lengths that occur: nearly always one."""
    if len(lengths) and (lengths == lengths[0]).all():
        return [int(lengths[0])]
    found: list[int] = np.unique(lengths).tolist()
    return found


def decode_by_length(
    codec: Codec, rows: Index, payloads: Octets, lengths: Index
) -> Iterator[tuple[Index, Rows]]:
    """Decode payloads of any lengths: yield, for each length of audio, which entries and frames.

    A payload that is no packet of the codec appears in none of the results.
    """
    samples = codec.samples(payloads, lengths)
    for count in different(samples):
        if not count:
            continue
        which = np.flatnonzero(samples == count)
        if len(which) == len(rows):
            yield which, codec.decode(rows, payloads, lengths, count)
        else:
            yield which, codec.decode(rows[which], payloads[which], lengths[which], count)
