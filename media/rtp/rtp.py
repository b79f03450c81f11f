"""RTP headers of a whole batch as arrays (RFC 3550 section 5.1).

A batch lies in a matrix of octets, one datagram a row. After `DatagramBatch.read` every
packet that is left has a header of exactly twelve octets: a CSRC list, an extension and padding,
which a B2BUA does not pass on, have been cut out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from media.legs import Bad, Rows

Octets = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HEADER = 12
"Octets of the fixed header."
VERSION_2 = 0x80
"The first octet of a header without padding, extension and CSRC list."
MARKER = 0x00800000
"The marker bit where it stands in the first word."

_HEADER = struct.Struct("!BBHII")

USUAL = HEADER + 160
"Octets of most packets: 20 ms of G.711 or G.722."

WIDTH = 1600
"Octets of a row: an Ethernet frame's; no power of two, so that rows fall into different caches."


@dataclass(slots=True)
class Packets:
    """Some packets of a batch, one array a field; no two of the same leg."""

    rows: Rows
    "The legs they came from."
    places: npt.NDArray[np.intp]
    "Their rows in the matrix of the batch."
    lengths: Integers
    "Octets, header included, without the parts that are not passed on."
    marker: Integers
    "`MARKER` or 0."
    payload_type: Integers
    sequence: Integers
    timestamp: Integers
    ssrc: Integers
    newest: Flags
    "Whether none with a higher sequence number came before."

    def select(self, which: npt.NDArray[np.intp]) -> Packets:
        """Return some of the packets."""
        return Packets(
            self.rows[which],
            self.places[which],
            self.lengths[which],
            self.marker[which],
            self.payload_type[which],
            self.sequence[which],
            self.timestamp[which],
            self.ssrc[which],
            self.newest[which],
        )


class DatagramBatch:
    """Room for the datagrams of one wake-up."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.matrix: Octets = np.zeros((size, WIDTH), np.uint8)
        self.views = [memoryview(row) for row in self.matrix]
        "Each row of the matrix as a socket reads into it and sends from it."
        self.usual = [view[:USUAL] for view in self.views]
        "The same, cut where most packets end."
        self._words = self.matrix.view(">u4")
        self._places = np.arange(size)
        self._newest = np.ones(size, np.bool_)

    def read(self, rows: Rows, lengths: Integers) -> tuple[Packets, dict[int, Bad]]:
        """Read the headers of the first `len(rows)` datagrams, one of each of these legs.

        Return all packets, and what is wrong with some of them, by index. A length equal to the
        width of the matrix means that the datagram did not fit.
        """
        count = len(rows)
        head = self._words[:count, :3].astype(np.int64)
        first = head[:, 0]
        bad: dict[int, Bad] = {}
        usual = (first >> 24 == VERSION_2) & (lengths >= HEADER) & (lengths < WIDTH)
        if np.count_nonzero(usual) != count:
            for index in np.flatnonzero(~usual).tolist():
                verdict = _cut(self.matrix[index], int(lengths[index]))
                if isinstance(verdict, Bad):
                    bad[index] = verdict
                else:
                    lengths[index] = verdict
        packets = Packets(
            rows=rows,
            places=self._places[:count],
            lengths=lengths,
            marker=first & MARKER,
            payload_type=first >> 16 & 0x7F,
            sequence=first & 0xFFFF,
            timestamp=head[:, 1],
            ssrc=head[:, 2],
            newest=self._newest[:count],
        )
        return packets, bad

    def write_headers(
        self, places: npt.NDArray[np.intp], first: Integers, timestamp: Integers, ssrc: Integers
    ) -> None:
        """Write the headers of some rows; `first` is `marker | payload type << 16 | sequence`."""
        self._words[places, 0] = first | VERSION_2 << 24
        self._words[places, 1] = timestamp
        self._words[places, 2] = ssrc


def glance(datagram: memoryview) -> tuple[int, int, int] | Bad:
    """Return payload type, sequence number and SSRC of one datagram, as cheaply as can be."""
    if len(datagram) < HEADER:
        return Bad.TOO_SHORT
    first, second, sequence, _, ssrc = _HEADER.unpack_from(datagram)
    if first >> 6 != 2:
        return Bad.VERSION
    return second & 0x7F, sequence, ssrc


def _cut(packet: Octets, length: int) -> int | Bad:
    """Cut everything but fixed header and payload out of one packet; return its new length."""
    if length >= WIDTH:
        return Bad.TOO_LONG
    if length < HEADER:
        return Bad.TOO_SHORT
    first = int(packet[0])
    if first >> 6 != 2:
        return Bad.VERSION
    begin = HEADER + 4 * (first & 0x0F)
    if first & 0x10:
        if begin + 4 > length:
            return Bad.TOO_SHORT
        begin += 4 + 4 * int.from_bytes(packet[begin + 2 : begin + 4].tobytes(), "big")
    padding = int(packet[length - 1]) if first & 0x20 else 0
    end = length - padding
    if begin > end or (first & 0x20 and padding == 0):
        return Bad.TOO_SHORT
    packet[HEADER : HEADER + end - begin] = packet[begin:end].copy()
    packet[0] = VERSION_2
    return HEADER + end - begin
