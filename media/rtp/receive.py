"""Packets arrive: one datagram of every connected socket that is ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from media.fast.sockets import FastSockets
from media.legs import FREE, Rows
from media.rtp.leg_sockets import SocketTable
from media.rtp.rtp import DatagramBatch, Integers


class ArrivedBatch(NamedTuple):
    """The first datagrams of a batch, and what else was ready."""

    rows: Rows
    "The legs that they came for."
    lengths: Integers
    others: list[int]
    "Descriptors of other sockets that are ready."


class Receiver:
    """Reads sockets, and counts what could not be read; nothing of it is fatal."""

    def __init__(self, sockets: SocketTable, fast: FastSockets | None = None) -> None:
        """Read by `fast`, or each socket by itself."""
        self._sockets, self._fast = sockets, fast
        self.refused = 0
        "Reads that failed because an earlier packet of ours reached nobody (ICMP)."

    def receive(self, batch: DatagramBatch, ready: Iterable[tuple[int, int]]) -> ArrivedBatch:
        """Read what is ready, by descriptor and event of an epoll, into a batch."""
        if self._fast is not None:
            return self._receive_at_once(self._fast, batch, ready)
        reads, views = self._sockets.reads, batch.views
        descriptors: list[int] = []
        lengths: list[int] = []
        others: list[int] = []
        for descriptor, _ in ready:
            read = reads[descriptor]
            if read is None:
                others.append(descriptor)
                continue
            try:
                lengths.append(read(views[len(lengths)]))
            except BlockingIOError:
                continue
            except OSError:
                self.refused += 1
                continue
            descriptors.append(descriptor)
        return ArrivedBatch(self._sockets.row_of[descriptors], np.array(lengths, np.int64), others)

    def _receive_at_once(
        self, fast: FastSockets, batch: DatagramBatch, ready: Iterable[tuple[int, int]]
    ) -> ArrivedBatch:
        descriptors = np.array([descriptor for descriptor, _ in ready], np.int64)
        rows = self._sockets.row_of[descriptors]
        connected = rows != FREE
        others: list[int] = []
        if np.count_nonzero(connected) != len(rows):
            others = descriptors[~connected].tolist()
            descriptors, rows = descriptors[connected], rows[connected]
        origins, lengths, refused = fast.receive(descriptors, batch.matrix)
        self.refused += refused
        return ArrivedBatch(rows[origins], lengths, others)
