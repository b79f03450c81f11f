"""Extensions that are gone, told in one place to all who keep something by their number.

Whoever gets the number next is not to find what the one before has left: a mailbox, a forward, a
password. A part that keeps anything by number is a keeper, and stands in the list that `Departures`
is built with. An extension of another type is another extension.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import structlog

from softswitch.app.takers.differences import extensions_changed, nothing, of_type
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.settings.extensions.base import ExtensionSettings

log = structlog.get_logger("softswitch.settings")


class Keeper(Protocol):
    """A part that keeps something by the numbers of extensions."""

    def kept(self) -> Iterable[str]:
        """The numbers of which it has kept something over a restart."""

    def forget(self, numbers: Sequence[str]) -> Awaitable[None] | None:
        """Keep nothing of extensions that are gone; what a disk refuses is logged.

        What the next call would find is forgotten at once, the rest by the awaitable.
        """


class Departures:
    """Tells all keepers."""

    def __init__(self, *keepers: Keeper) -> None:
        self._keepers = keepers

    def __call__(self, before: Snapshot, after: Snapshot) -> Take:
        """The taker of changed settings."""
        gone = extensions_gone(before, after)
        return partial(self._tell, gone) if gone else nothing

    def _tell(self, gone: Sequence[str]) -> Awaitable[None]:
        return _all([later for each in self._keepers if (later := each.forget(gone)) is not None])

    async def catch_up(self, is_there: Callable[[str], bool]) -> None:
        """At a start: tell of extensions that are gone since the switch ran last."""
        kept = {number for each in self._keepers for number in each.kept()}
        gone = sorted(number for number in kept if not is_there(number))
        if gone:
            log.warning("extensions are gone", count=len(gone), numbers=gone[:20])
            await self._tell(gone)


async def _all(rest: Sequence[Awaitable[None]]) -> None:
    for each in rest:
        try:
            await each
        except Exception:  # what one does not forget, the others must
            log.exception("not forgotten")
        await asyncio.sleep(0)  # ten thousand numbers take each of them some milliseconds


def extensions_gone(before: Snapshot, after: Snapshot) -> list[str]:
    """The numbers that belong to no extension any more, or to one of another type."""
    changed = extensions_changed(before.settings, after.settings)
    old, new = _types(changed.gone), _types(changed.new)
    return [number for number, kind in old.items() if new.get(number) is not kind]


def _types(entries: Iterable[object]) -> dict[str, type[ExtensionSettings]]:
    return {
        number: type(entry)
        for entry in of_type(ExtensionSettings, entries)
        for number in entry.numbers()
    }
