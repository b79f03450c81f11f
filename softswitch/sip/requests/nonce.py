"""Nonces that carry their own state, and the count of their uses (RFC 7616 sections 3.3 and 5.4).

A nonce is time, random octets and the asker's address under a MAC (keyed BLAKE2, RFC 7693), so a
challenge leaves nothing behind. Only a nonce that was used with the right password gets a row in a
bounded table, and it leaves the table when it expires.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from enum import Enum
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple
from zlib import crc32

LIFETIME = 300.0
"Seconds that a challenge may be answered."
CAPACITY = 100_000
"Nonces in use at a time; beyond it the oldest are forgotten, and then count as expired."

_RANDOM = 8
_MAC = 12
_BODY = 6 + _RANDOM + 4
_LENGTH = (_BODY + _MAC) * 4 // 3
_AHEAD = 5.0
"Seconds that a nonce may seem to come from the future, when the clock was set back."


class NonceVerdict(Enum):
    """What is to be thought of a nonce."""

    FRESH = "fresh"
    EXPIRED = "expired"
    "Ours, made for this address, but too old."
    MOVED = "moved"
    "Ours, but made for another address, however old."
    FORGED = "forged"


class Judgement(NamedTuple):
    """The verdict, and when the nonce was made."""

    verdict: NonceVerdict
    issued_at: float = 0.0


_FORGED = Judgement(NonceVerdict.FORGED)


class Nonces:
    """Makes nonces, judges them, and counts their uses.

    `now` is in seconds of any clock that goes on after a restart, if the secret does, too.
    """

    __slots__ = ("_capacity", "_floor", "_lifetime", "_secret", "_used")

    def __init__(
        self, secret: bytes, lifetime: float = LIFETIME, *, capacity: int = CAPACITY
    ) -> None:
        self._secret = secret[:64]
        self._lifetime = lifetime
        self._capacity = capacity
        self._used: dict[str, tuple[int, float]] = {}
        "Nonce to the highest count seen and the time of issue, in the order of first use."
        self._floor = float("-inf")
        "Nonces issued up to this time that are not in the table may have been used."

    def issue(self, now: float, entropy: bytes, source: str) -> str:
        """Make a nonce of 8 random octets for that address."""
        body = int(now * 1000).to_bytes(6, "big") + entropy[:_RANDOM] + _mark(source)
        return b2a_base64(body + self._mac(body), newline=False).decode()

    def judge(self, nonce: str, now: float, source: str) -> Judgement:
        """Tell whether the nonce is ours, of age, and made for that address."""
        if len(nonce) != _LENGTH:
            return _FORGED
        try:
            # Strict: a second spelling of the same octets would have a count of its own.
            octets = a2b_base64(nonce, strict_mode=True)
        except ValueError:
            return _FORGED
        body = octets[:_BODY]
        if not compare_digest(octets[_BODY:], self._mac(body)):
            return _FORGED
        issued_at = int.from_bytes(body[:6], "big") / 1000
        if body[-4:] != _mark(source):
            return Judgement(NonceVerdict.MOVED, issued_at)
        if not issued_at - _AHEAD <= now <= issued_at + self._lifetime:
            return Judgement(NonceVerdict.EXPIRED, issued_at)
        return Judgement(NonceVerdict.FRESH, issued_at)

    def use(self, nonce: str, issued_at: float, count: int, now: float) -> bool:
        """Note that the fresh nonce was used with this count; False when it was before.

        To be called only after the password proved right.
        """
        used = self._used
        known = used.get(nonce)
        if known is not None:
            if count <= known[0]:
                return False
            used[nonce] = (count, issued_at)
            return True
        if issued_at <= self._floor or count < 1:
            return False
        self._make_room(now)
        used[nonce] = (count, issued_at)
        return True

    def forget(self, now: float) -> None:
        """Forget those that have expired, up to the first one that has not."""
        while self._used:
            oldest = next(iter(self._used))
            if now <= self._used[oldest][1] + self._lifetime:
                return
            del self._used[oldest]

    def _make_room(self, now: float) -> None:
        """Forget the oldest if they have expired (two at a time suffice), or the table is full."""
        for _ in range(2):
            if not self._used:
                return
            oldest = next(iter(self._used))
            issued_at = self._used[oldest][1]
            expired = now > issued_at + self._lifetime
            if not expired and len(self._used) < self._capacity:
                return
            del self._used[oldest]
            if not expired:
                self._floor = max(self._floor, issued_at)

    def __len__(self) -> int:
        return len(self._used)

    def _mac(self, body: bytes) -> bytes:
        return blake2b(body, key=self._secret, digest_size=_MAC).digest()


def _mark(source: str) -> bytes:
    """Four octets of the address; the MAC around them keeps them from being changed."""
    return crc32(source.encode()).to_bytes(4, "big")
