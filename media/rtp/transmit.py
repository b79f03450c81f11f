"""Packets leave: those of a batch, each through the socket of its leg."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.fast.sockets import FastSockets
from media.legs import FREE, Legs, Rows
from media.rtp.leg_sockets import Send
from media.rtp.rtp import HEADER, USUAL, DatagramBatch
from media.srtp.protection import Protection


class Transmitter:
    """Sends, and counts what could not be sent; nothing of it is fatal."""

    def __init__(
        self,
        legs: Legs,
        sends: list[Send],
        protection: Protection,
        *,
        fast: FastSockets | None = None,
        descriptors: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Send by `fast` where `descriptors` have a socket for a row; else by `sends`."""
        self._legs, self._sends, self._protection = legs, sends, protection
        self._fast, self._descriptors = fast, descriptors
        self.refused = 0
        "Sends that failed: no program has the port any more, no route, the buffer is full."
        self.withheld = 0
        "Packets that could not be protected: no keys yet, or an index that was used before."

    def send(
        self,
        batch: DatagramBatch,
        places: npt.NDArray[np.intp],
        to: Rows,
        lengths: npt.NDArray[np.int64],
    ) -> None:
        """Send some rows of the batch's matrix to the far ends of the legs `to`.

        Those of legs that are protected grow, in the matrix and in `lengths`.
        """
        withheld = self._protection.protect(batch.matrix, places, to, lengths)
        if withheld is not None:
            places, to, lengths = self._withhold(withheld, places, to, lengths)
        if self._fast is not None and self._descriptors is not None:
            descriptors = self._descriptors[to]
            connected = descriptors != FREE
            if np.count_nonzero(connected) != len(to):
                alone = np.flatnonzero(~connected)
                self._send_each(batch, places[alone], to[alone], lengths[alone])
                descriptors = descriptors[connected]
                places, lengths = places[connected], lengths[connected]
            self.refused += self._fast.send(descriptors, batch.matrix, places, lengths)
        else:
            self._send_each(batch, places, to, lengths)

    def _send_each(
        self,
        batch: DatagramBatch,
        places: npt.NDArray[np.intp],
        to: Rows,
        lengths: npt.NDArray[np.int64],
    ) -> None:
        sends, views, usual = self._sends, batch.views, batch.usual
        for place, row, length in zip(places.tolist(), to.tolist(), lengths.tolist(), strict=True):
            try:
                sends[row](usual[place] if length == USUAL else views[place][:length])
            except OSError:
                self.refused += 1

    def _withhold(
        self,
        withheld: npt.NDArray[np.intp],
        places: npt.NDArray[np.intp],
        to: Rows,
        lengths: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.intp], Rows, npt.NDArray[np.int64]]:
        """Leave out some packets, which count as sent already; return the others."""
        legs, rows = self._legs, to[withheld]
        legs.packets_out[rows] -= 1
        legs.octets_out[rows] -= lengths[withheld] - HEADER
        self.withheld += len(withheld)
        kept = np.ones(len(to), np.bool_)
        kept[withheld] = False
        return places[kept], to[kept], lengths[kept]
