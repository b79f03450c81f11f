"""The extensions of the switch: single numbers and blocks of numbers, found by number.

A block is one entry however many numbers it holds; its extensions are made when they are asked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import overload

from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.settings.extensions.base import ExtensionSettings

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
        return self[int(number)] if self.holds(number) else None

    def __getitem__(self, number: int) -> Extension:
        written = f"{number:0{self.digits}d}"
        name = self.template.name.replace("{number}", written)
        return replace(self.template, number=written, name=name)

    def holds(self, number: str) -> bool:
        """Whether the number lies in the block."""
        if len(number) != self.digits or not _NUMBER.fullmatch(number):
            return False
        return self.first <= int(number) <= self.last


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

    __slots__ = ("_blocks", "_known", "_of_settings", "_singles")

    def __init__(self, singles: Iterable[Extension] = (), blocks: Iterable[Block] = ()) -> None:
        self._singles = {extension.number: extension for extension in singles}
        self._blocks = tuple(blocks)
        self._known: dict[str, Extension] = {}
        self._of_settings: dict[type[ExtensionSettings], Sequence[Extension]] = {}
        "What `of_settings` has found, since a look goes through all extensions."

    def changed(
        self, gone: Iterable[str], new: Iterable[Extension], blocks: Iterable[Block]
    ) -> Directory:
        """Another one, without some of the single numbers, with new ones, and with these blocks."""
        other = Directory((), blocks)
        other._singles = dict(self._singles)
        for number in gone:
            other._singles.pop(number, None)
        other._singles.update((extension.number, extension) for extension in new)
        return other

    def exchange(self, other: Directory) -> None:
        """Have what the other one has, which gets what was here; whoever holds this sees it."""
        self._singles, other._singles = other._singles, self._singles
        self._blocks, other._blocks = other._blocks, self._blocks
        self._known, other._known = {}, self._known
        self._of_settings, other._of_settings = {}, self._of_settings

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
        return iter(self.of_kinds(lambda _: True))

    def of_kinds(self, wanted: Callable[[ExtensionKind], bool]) -> Sequence[Extension]:
        """The extensions of the kinds that are wanted; a part of them costs no more than it has."""
        singles = [each for each in self._singles.values() if wanted(each.kind)]
        blocks = [
            _Others(each, self._singles) for each in self._blocks if wanted(each.template.kind)
        ]
        return _Joined([singles, *blocks])

    def of_settings(self, model: type[ExtensionSettings]) -> Sequence[Extension]:
        """The extensions of the kind with these settings; asked again, it costs nothing."""
        found = self._of_settings.get(model)
        if found is None:
            found = self.of_kinds(lambda kind: kind.settings is model)
            self._of_settings[model] = found
        return found


class _Others(Sequence[Extension]):
    """The extensions of a block but for the single numbers in it."""

    def __init__(self, block: Block, singles: Iterable[str]) -> None:
        self._block = block
        held = sorted(int(number) for number in singles if block.holds(number))
        self._gaps = [number - before for before, number in enumerate(held)]
        "For each single number in the block, the number less the single ones before it."

    def __len__(self) -> int:
        return self._block.last - self._block.first + 1 - len(self._gaps)

    @overload
    def __getitem__(self, index: int) -> Extension: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Extension]: ...
    def __getitem__(self, index: int | slice) -> Extension | Sequence[Extension]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = self._block.first + index
        return self._block[number + bisect_right(self._gaps, number)]


class _Joined(Sequence[Extension]):
    """Sequences one behind the other."""

    def __init__(self, parts: Iterable[Sequence[Extension]]) -> None:
        self._parts = [part for part in parts if part]
        self._ends = list(accumulate(map(len, self._parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Extension: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Extension]: ...
    def __getitem__(self, index: int | slice) -> Extension | Sequence[Extension]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        part = bisect_right(self._ends, index)
        return self._parts[part][index - (self._ends[part - 1] if part else 0)]
