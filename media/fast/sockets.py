"""Receives and sends the datagrams of a whole batch in one call."""

from __future__ import annotations

import numpy as np

from media.srtp.core import Integers, Octets, Places

try:
    from softswitch_fast import ffi, lib
except ImportError:
    ffi = lib = None


class FastSockets:
    """Receives from connected sockets, and sends by them.

    Make one only where `are_there` says so.
    """

    @staticmethod
    def are_there() -> bool:
        """Whether the distribution is installed."""
        return lib is not None

    def receive(self, descriptors: Integers, matrix: Octets) -> tuple[Integers, Integers, int]:
        """Receive one datagram from each socket, into the first rows of a matrix.

        Return for each row the index of its socket, and its length; and how many receives failed.
        """
        size = len(descriptors)
        origins, lengths = np.empty(size, np.int64), np.empty(size, np.int64)
        refused = np.zeros(1, np.int64)
        of = ffi.from_buffer
        came = lib.receive_batch(
            of("int64_t[]", descriptors),
            size,
            of("uint8_t[]", matrix),
            matrix.shape[1],
            of("int64_t[]", origins),
            of("int64_t[]", lengths),
            of("int64_t[]", refused),
        )
        return origins[:came], lengths[:came], int(refused[0])

    def send(
        self,
        descriptors: Integers,
        matrix: Octets,
        places: Places,
        lengths: Integers,
    ) -> int:
        """Send some rows of a matrix, each by its socket; return how many sends failed."""
        of = ffi.from_buffer
        failed: int = lib.send_batch(
            of("int64_t[]", descriptors),
            of("uint8_t[]", matrix),
            matrix.shape[1],
            of("int64_t[]", places),
            of("int64_t[]", lengths),
            len(places),
        )
        return failed
