"""The extensions of the switch: single numbers and blocks of numbers, found by number.

A block is one entry however many numbers it holds; its extensions are made when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from softswitch.calls.numbers.extension import Extension

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive numbers of equal length that share one set of settings."""

    first: int
    last: int
    "Included."
    digits: int
    "Length of every number, with leading zeros."
    template: Extension
    "What each of the numbers is, but for the number; `{number}` in its name is replaced."

    def extension(self, number: str) -> Extension | None:
        """The extension of that number, or None when it lies outside the block."""
        if len(number) != self.digits or not _NUMBER.fullmatch(number):
            return None
        if not self.first <= int(number) <= self.last:
            return None
        name = self.template.name.replace("{number}", number)
        return replace(self.template, number=number, name=name)

    def __iter__(self) -> Iterator[Extension]:
        for number in range(self.first, self.last + 1):
            extension = self.extension(f"{number:0{self.digits}d}")
            if extension is not None:
                yield extension


def block(numbers: str, template: Extension) -> Block:
    """Read `2000-2999`; raises ValueError with a sentence when it is no block of numbers."""
    first, dash, last = numbers.partition("-")
    if not dash or not _NUMBER.fullmatch(first) or not _NUMBER.fullmatch(last):
        raise ValueError(f"a range is two numbers joined by a hyphen, not {numbers!r}")
    if len(first) != len(last) or int(first) > int(last):
        raise ValueError(f"a range has two numbers of equal length in order, not {numbers!r}")
    return Block(int(first), int(last), len(first), template)


class Directory:
    """All extensions; a single number wins over a block that holds it too."""

    __slots__ = ("_blocks", "_known", "_singles")

    def __init__(self, singles: Iterable[Extension] = (), blocks: Iterable[Block] = ()) -> None:
        self._singles = {extension.number: extension for extension in singles}
        self._blocks = tuple(blocks)
        self._known: dict[str, Extension] = {}

    def find(self, number: str) -> Extension | None:
        """The extension with exactly this number (its user part, unescaped), or None."""
        extension = self._singles.get(number) or self._known.get(number)
        if extension is None:
            for candidates in self._blocks:
                extension = candidates.extension(number)
                if extension is not None:
                    self._known[number] = extension
                    break
        return extension

    def __iter__(self) -> Iterator[Extension]:
        yield from self._singles.values()
        for candidates in self._blocks:
            for extension in candidates:
                if extension.number not in self._singles:
                    yield extension
