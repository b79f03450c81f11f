"""The packets that wait in the jitter buffer: a ring of slots a row, found by sequence number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.integer]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SLOTS = 32
"Packets that a row can hold: 320 ms of 10 ms packets. A power of two."

MAX_OCTETS = 1280
"Longest payload: 40 ms of L16 at 16 kHz, and every packet of Opus that is met in practice."


class Contents(NamedTuple):
    """The contents of some packets."""

    payloads: NDArray[np.uint8]
    "Shape (n, longest of `lengths`)."
    lengths: Index
    "Octets of each."
    payload_types: NDArray[np.integer]


class Slots:
    """The slots of all rows; sequence numbers and timestamps stand extended."""

    def __init__(self, capacity: int) -> None:
        self._sequence = np.full((capacity, SLOTS), -1, np.int64)
        self._timestamp = np.zeros((capacity, SLOTS), np.int64)
        self._length = np.zeros((capacity, SLOTS), np.int64)
        self._payload_type = np.zeros((capacity, SLOTS), np.uint8)
        self._is_mute = np.zeros((capacity, SLOTS), np.bool_)
        self._octets = np.zeros((capacity, SLOTS, MAX_OCTETS), np.uint8)

    def clear(self, rows: int | Index) -> None:
        """Forget all packets of a row, or of some."""
        self._sequence[rows] = -1

    def hold(self, rows: Index, sequences: Integers) -> Flags:
        """Whether the packet of each row with this sequence number is here."""
        here: Flags = self._sequence[rows, sequences % SLOTS] == sequences
        return here

    def timestamps(self, rows: Index, sequences: Integers) -> Integers:
        """Return the timestamps of packets that are here."""
        return self._timestamp[rows, sequences % SLOTS]

    def are_mute(self, rows: Index, sequences: Integers) -> Flags:
        """Whether packets that are here hold no sound."""
        return self._is_mute[rows, sequences % SLOTS]

    def put_packets(
        self, rows: Index, sequences: Integers, timestamps: Integers, contents: Contents
    ) -> None:
        """Keep a packet of each row; what stood in its slot is dropped."""
        slots = sequences % SLOTS
        self._sequence[rows, slots] = sequences
        self._timestamp[rows, slots] = timestamps
        self._length[rows, slots] = contents.lengths
        self._payload_type[rows, slots] = contents.payload_types
        self._is_mute[rows, slots] = False
        octets = min(contents.payloads.shape[1], MAX_OCTETS)
        self._octets[rows, slots, :octets] = contents.payloads[:, :octets]

    def put_mute(self, rows: Index, sequences: Integers) -> None:
        """Keep the turns of packets that hold no sound; a row may occur more than once."""
        slots = sequences % SLOTS
        self._sequence[rows, slots] = sequences
        self._length[rows, slots] = 0
        self._is_mute[rows, slots] = True

    def contents(self, rows: Index, sequences: Integers, wanted: Flags) -> Contents:
        """Return what the wanted ones of some packets hold; of the others the length is 0."""
        slots = sequences % SLOTS
        lengths = np.where(wanted, self._length[rows, slots], 0)
        payloads = self._octets[rows, slots, : int(lengths.max(initial=0))]
        return Contents(payloads, lengths, self._payload_type[rows, slots])
