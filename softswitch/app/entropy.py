"""Unguessable octets and tokens, fetched from the kernel many at a time.

A call needs a dozen of them (tags, branches, Call-IDs, nonces), and a system call for each would
cost more than the rest of making them.
"""

from __future__ import annotations

import os

STOCK = 4096
"Octets that are fetched at once."
TOKEN = 8
"Octets of a token: 64 bits, sixteen lower-case hexadecimal digits."


class Entropy:
    """A stock of random octets; none is given twice."""

    __slots__ = ("_stock", "_used")

    def __init__(self) -> None:
        self._stock = b""
        self._used = 0

    def octets(self, count: int) -> bytes:
        """So many random octets, at most `STOCK`."""
        start = self._used
        end = start + count
        if end > len(self._stock):
            self._stock = os.urandom(STOCK)
            start, end = 0, count
        self._used = end
        return self._stock[start:end]

    def token(self) -> str:
        """A tag, a branch, a Call-ID."""
        return self.octets(TOKEN).hex()
