"""Classes of numbers (national, international, premium), and the rights to dial them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class NumberClass(NamedTuple):
    """A class: what its numbers begin with."""

    name: str
    prefixes: tuple[str, ...] = ()
    "As they are dialled."
    sent: tuple[str, ...] = ()
    "As trunks get them."


@dataclass(frozen=True, slots=True)
class Classes:
    """All classes of numbers."""

    classes: tuple[NumberClass, ...] = ()

    def dialled(self, number: str) -> str:
        """The class of a number as it is dialled: that with the longest prefix; empty for none."""
        return _longest(number, ((each.name, each.prefixes) for each in self.classes))

    def sent(self, number: str) -> str:
        """The class of a number as a trunk gets it; empty for none."""
        return _longest(number, ((each.name, each.sent) for each in self.classes))

    def of_call(self, dialled: str, sent: str) -> tuple[str, ...]:
        """The classes of a call out: of the number that is dialled, and of the one that is sent."""
        found = (self.dialled(dialled), self.sent(sent))
        return tuple(dict.fromkeys(name for name in found if name))


def _longest(number: str, named: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    best, length = "", 0
    for name, prefixes in named:
        for prefix in prefixes:
            if len(prefix) > length and number.startswith(prefix):
                best, length = name, len(prefix)
    return best


def missing_right(rights: tuple[str, ...] | None, classes: tuple[str, ...]) -> str:
    """Why somebody with these rights may not dial a number of these classes; empty if so.

    None are all rights. A number of no class may be dialled by those who have all rights only.
    """
    if rights is None:
        return ""
    if not classes:
        return "a number of no class"
    return next((name for name in classes if name not in rights), "")
