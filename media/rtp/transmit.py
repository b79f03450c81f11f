"""Packets leave: those of a batch, each through the socket of its leg."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.legs import Rows
from media.rtp.leg_sockets import Send
from media.rtp.rtp import USUAL, DatagramBatch


class Transmitter:
    """Sends, and counts what could not be sent; nothing of it is fatal."""

    def __init__(self, sends: list[Send]) -> None:
        self._sends = sends
        self.refused = 0
        "Sends that failed: no program has the port any more, no route, the buffer is full."

    def send(
        self,
        batch: DatagramBatch,
        places: npt.NDArray[np.intp],
        to: Rows,
        lengths: npt.NDArray[np.int64],
    ) -> None:
        """Send some rows of the batch's matrix to the far ends of the legs `to`."""
        sends, views, usual = self._sends, batch.views, batch.usual
        for place, row, length in zip(places.tolist(), to.tolist(), lengths.tolist(), strict=True):
            try:
                sends[row](usual[place] if length == USUAL else views[place][:length])
            except OSError:
                self.refused += 1
