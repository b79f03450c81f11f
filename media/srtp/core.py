"""What a core of SRTP does: it turns the packets of a batch into protected ones and back."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

Octets = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Contexts = npt.NDArray[np.uint64]

PLAIN = 0
"In a column of contexts: the leg's packets are in the clear."
NO_KEYS = 1
"In a column of contexts: they are to be protected, but the keys are not known. None passes."

MAX_SOURCES = 16
"""Sources (SSRC) that one key may protect, RTP and RTCP alike. Each takes memory as long as the
leg lasts: a far end that changed its source with every packet would take it all."""


class SrtpVerdict(IntEnum):
    """What became of a packet."""

    PASSED = 0
    "It was turned, in place, and its length is the new one."
    FORGED = 1
    "Its tag is wrong, it is too short or too long, or there is no key: drop it."
    REPEATED = 2
    "A packet with its index was there before, or may have been: drop it."


class SrtpCore(Protocol):
    """One way to compute SRTP. A context is named by a number greater than `NO_KEYS`."""

    @property
    def name(self) -> str:
        """What it is, for the log."""

    def create(self, suite: str, master: bytes, *, outbound: bool) -> int:
        """Make a context of one direction; its rollover counter begins at 0.

        Raises ValueError when the suite is unknown or the key has the wrong length.
        """

    def free(self, context: int) -> None:
        """Forget a context and its keys."""

    def protect(
        self, contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
    ) -> Integers:
        """Protect one packet a context; return a `SrtpVerdict` of each.

        The packets are the rows `places` of the matrix, as long as `lengths` says, which is changed
        in place. A packet is `FORGED` if its row has no room for `MOST_ADDED`
        octets behind it.
        """

    def unprotect(
        self, contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
    ) -> Integers:
        """Check and decrypt one packet a context, likewise."""

    def protect_rtcp(self, context: int, packet: bytes) -> bytes | SrtpVerdict:
        """Return a compound RTCP packet protected, or why it cannot be."""

    def unprotect_rtcp(self, context: int, packet: bytes) -> bytes | SrtpVerdict:
        """Return a compound RTCP packet checked and decrypted, or what is wrong with it."""
