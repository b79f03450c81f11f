"""Whom an extension may want to call back: who has called it last, and who was busy last.

Kept in memory: a restart forgets both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Caller(NamedTuple):
    """Somebody who has called."""

    number: str
    name: str
    is_private: bool
    "Whether the number is not to be told."


class RecentCalls:
    """The last caller of each extension, and the last number that was busy for it."""

    __slots__ = ("_busy", "_callers")

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self._busy: dict[str, str] = {}

    def has_called(self, extension: str, caller: Caller) -> None:
        """Note who calls an extension, whether it answers or not."""
        self._callers[extension] = caller

    def was_busy(self, extension: str, number: str) -> None:
        """Note that an extension has called a number that was busy."""
        self._busy[extension] = number

    def kept(self) -> Iterable[str]:
        """The extensions that have been called, or have called in vain."""
        return {*self._callers, *self._busy}

    def forget(self, numbers: Iterable[str]) -> None:
        """Forget what extensions that are gone might call back."""
        for number in numbers:
            self._callers.pop(number, None)
            self._busy.pop(number, None)

    def last_caller(self, extension: str) -> Caller | None:
        """Who has called the extension last; None for nobody since the start of the switch."""
        return self._callers.get(extension)

    def last_busy(self, extension: str) -> str:
        """The number that was busy last; empty for none."""
        return self._busy.get(extension, "")
