"""Which entries of the settings are there no more, and which are new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar
from weakref import ref

from softswitch.settings.load import Settings

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


class ExtensionsChanged:
    """Which extensions two settings differ in, worked out once for all the takers that ask.

    It is kept no longer than both of the settings are: ten thousand old extensions are not kept
    for it.
    """

    def __init__(self) -> None:
        self._compared: _Compared | None = None

    def __call__(self, before: Settings, after: Settings) -> Difference:
        """The difference of their extensions."""
        compared = self._compared
        if compared is None or compared.before() is not before or compared.after() is not after:
            found = difference(before.extensions, after.extensions)
            compared = _Compared(ref(before, self._forget), ref(after, self._forget), found)
            self._compared = compared
        return compared.difference

    def _forget(self, settings: ref[Settings]) -> None:
        compared = self._compared
        if compared is not None and (settings is compared.before or settings is compared.after):
            self._compared = None


class _Compared(NamedTuple):
    before: ref[Settings]
    after: ref[Settings]
    difference: Difference


extensions_changed = ExtensionsChanged()
"For all takers: changes are taken one at a time."


def of_type(kind: type[T], entries: Iterable[object]) -> list[T]:
    """Those of one type."""
    return [each for each in entries if isinstance(each, kind)]


def nothing() -> None:
    """Take nothing: nothing has changed."""
