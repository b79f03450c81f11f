"""The CallId of the command API: eight letters and digits, never given twice, not even by restarts.

An id holds the moment of its making, to 15 microseconds, so that the clock keeps two runs of the
program apart, also within a second; a multiplication then spreads neighbours over the alphabet.
"""

from __future__ import annotations

from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 8
_EPOCH = 1_735_689_600
"2025-01-01 00:00 UTC, in seconds of Unix time."
_TICKS = 1 << 16
"In a second: 65,536 calls before the ids run ahead of the clock."
_BITS = 47
"The most that eight of 62 characters hold; enough seconds for 68 years."
_MASK = (1 << _BITS) - 1
_SPREAD = 0x5DEECE66D | 1
"Odd, so that multiplying modulo a power of two maps every number to another one."


class CallIds:
    """Makes ids that grow with the clock, whatever the clock does while the program runs."""

    __slots__ = ("_last", "_now")

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is Unix time in seconds."""
        self._now = now
        self._last = 0

    def __call__(self) -> str:
        """The next id, such as `1vQHKd3x`."""
        self._last = max(self._last + 1, int((self._now() - _EPOCH) * _TICKS))
        number = self._last * _SPREAD & _MASK
        letters = []
        for _ in range(_LENGTH):
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return "".join(letters)
