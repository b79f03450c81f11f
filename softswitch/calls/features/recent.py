"""Whom an extension may want to call back: who has called it last, and who was busy last.

Both are kept on disk, a moment after the call: no call waits for that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from softswitch.calls.features.kept import Kept, WriteBehind, readable
from softswitch.store.exchange.choices import ChoiceRow

OF_RECENT = "recent calls"
"What choices are for that are the recent calls of an extension."


class Caller(NamedTuple):
    """Somebody who has called."""

    number: str
    name: str
    is_private: bool
    "Whether the number is not to be told."


class _Recent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The row of an extension; a hidden number is on no disk."""

    number: str = ""
    name: str = ""
    is_private: bool = False
    has_caller: bool = False
    busy: str = ""


class RecentCalls:
    """The last caller of each extension, and the last number that was busy for it."""

    __slots__ = ("_busy", "_callers", "_kept")

    def __init__(self, write: WriteBehind, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time in seconds."""
        self._kept = Kept(OF_RECENT, write, now)
        self._callers: dict[str, Caller] = {}
        self._busy: dict[str, str] = {}

    def restore(self, rows: Iterable[ChoiceRow]) -> None:
        """Take what an earlier process has kept, but for what cannot be read."""
        for row, found in readable(rows, _Recent):
            if found.has_caller:
                self._callers[row.name] = Caller(found.number, found.name, found.is_private)
            if found.busy:
                self._busy[row.name] = found.busy

    def has_called(self, extension: str, caller: Caller) -> None:
        """Note who calls an extension, whether it answers or not."""
        if caller.is_private:
            caller = Caller("", "", is_private=True)
        if self._callers.get(extension) != caller:
            self._callers[extension] = caller
            self._keep(extension)

    def was_busy(self, extension: str, number: str) -> None:
        """Note that an extension has called a number that was busy."""
        if self._busy.get(extension) != number:
            self._busy[extension] = number
            self._keep(extension)

    def _keep(self, extension: str) -> None:
        caller, busy = self._callers.get(extension), self._busy.get(extension, "")
        row = _Recent(busy=busy) if caller is None else _Recent(*caller, True, busy)
        self._kept.save_soon(extension, msgspec.to_builtins(row))

    def kept(self) -> Iterable[str]:
        """The extensions that have been called, or have called in vain."""
        return {*self._callers, *self._busy}

    def forget(self, numbers: Iterable[str]) -> None:
        """Forget what extensions that are gone might call back."""
        for number in numbers:
            caller, busy = self._callers.pop(number, None), self._busy.pop(number, None)
            if caller is not None or busy is not None:
                self._keep(number)

    def last_caller(self, extension: str) -> Caller | None:
        """Who has called the extension last; None for nobody since it is there."""
        return self._callers.get(extension)

    def last_busy(self, extension: str) -> str:
        """The number that was busy last; empty for none."""
        return self._busy.get(extension, "")
