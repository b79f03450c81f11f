"""Tickets: what may be fetched without a password, for as long as the ticket says.

A ticket is a time and a signature of that time and of the one thing that it is for (HMAC-SHA256,
RFC 2104). It cannot be guessed, made for another thing, or made to last longer.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable
from enum import Enum, auto

_TICKET = re.compile(r"(?P<until>[0-9]{1,12})-(?P<signature>[0-9a-f]{64})", re.ASCII)


class Worth(Enum):
    """What a ticket is worth."""

    GOOD = auto()
    EXPIRED = auto()
    "It is ours, and its time is over."
    WORTHLESS = auto()


class Tickets:
    """Makes tickets and judges them."""

    def __init__(self, key: bytes, life: float, clock: Callable[[], float] = time.time) -> None:
        """`key` is a secret that outlives restarts; a ticket is good for `life` seconds."""
        self._key = key
        self._life = life
        self._clock = clock

    def make(self, subject: str) -> str:
        """A ticket for that subject, of digits, letters and a hyphen."""
        until = int(self._clock() + self._life)
        return f"{until}-{self._signature(until, subject)}"

    def judge(self, subject: str, ticket: str) -> Worth:
        """What a ticket is worth for that subject; takes the same time for every wrong one."""
        match = _TICKET.fullmatch(ticket)
        if match is None:
            return Worth.WORTHLESS
        until = int(match["until"])
        if not hmac.compare_digest(self._signature(until, subject), match["signature"]):
            return Worth.WORTHLESS
        return Worth.GOOD if self._clock() < until else Worth.EXPIRED

    def _signature(self, until: int, subject: str) -> str:
        signed = f"{until} {subject}".encode(errors="surrogateescape")
        return hmac.digest(self._key, signed, "sha256").hex()
