"""Which entries of the settings are there no more, and which are new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Difference(NamedTuple):
    """Between two lists; a changed entry is in both parts."""

    gone: Sequence[object]
    new: Sequence[object]

    def __bool__(self) -> bool:
        return bool(self.gone or self.new)


def difference(before: Sequence[object], after: Sequence[object]) -> Difference:
    """By identity: what has not changed is the same object in both (`live/snapshot.py`)."""
    old, new = {id(each) for each in before}, {id(each) for each in after}
    return Difference(
        [each for each in before if id(each) not in new],
        [each for each in after if id(each) not in old],
    )


def of_type(kind: type[T], entries: Iterable[object]) -> list[T]:
    """Those of one type."""
    return [each for each in entries if isinstance(each, kind)]


def nothing() -> None:
    """Take nothing: nothing has changed."""
