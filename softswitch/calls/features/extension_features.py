"""The features of all extensions: what the settings say, and what was changed while running.

A change is on disk before it counts and before anybody hears of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import structlog

from softswitch.calls.features.features import ChosenFeatures, Features
from softswitch.calls.features.kept import readable
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.store.database.changes import Change, Write
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow, drop_choice, save_choice

log = structlog.get_logger("softswitch.features")

OF = "extension"
"What choices are for that are features of an extension."


class Chosen(NamedTuple):
    """What was changed for an extension while running, when and by whom."""

    features: ChosenFeatures
    at: float
    "Unix time in seconds; 0 when nothing was changed."
    by: str


NOTHING = Chosen(ChosenFeatures(), 0.0, "")


class ExtensionFeatures:
    """The features of every extension, by its number."""

    __slots__ = ("_changing", "_chosen", "_known", "_now", "_write", "listeners")

    def __init__(self, write: Write, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time in seconds."""
        self._write = write
        self._now = now
        self._chosen: dict[str, Chosen] = {}
        self._known: dict[str, tuple[ExtensionSettings, Chosen, Features]] = {}
        "What was found for an extension, as long as neither its settings nor a choice change."
        self._changing = asyncio.Lock()
        self.listeners: list[Callable[[str], None]] = []
        "Told of the extension after each change of its features."

    def restore(self, rows: Iterable[ChoiceRow]) -> None:
        """Take what an earlier process has kept, but for what cannot be read."""
        for row, features in readable(rows, ChosenFeatures):
            self._chosen[row.name] = Chosen(features, row.changed_at, row.changed_by)

    def chosen(self, number: str) -> Chosen:
        """What was changed for an extension while running."""
        return self._chosen.get(number, NOTHING)

    def of(self, number: str, settings: ExtensionSettings) -> Features:
        """The features that hold for the extension with this number and these settings."""
        chosen, known = self.chosen(number), self._known.get(number)
        if known is not None and known[0] is settings and known[1] is chosen:
            return known[2]
        features = chosen.features.on(settings)
        self._known[number] = settings, chosen, features
        return features

    async def change(
        self, number: str, by: str, change: Callable[[ChosenFeatures], ChosenFeatures]
    ) -> None:
        """Change what was chosen for an extension; it counts when this returns.

        `change` makes the new value out of the old one, and is called when no other change is under
        way; what it raises is passed on. Raises StoreError when the disk does not take it.
        """
        async with self._changing:
            features = change(self.chosen(number).features)
            chosen = Chosen(features, self._now(), by)
            if features == ChosenFeatures():
                await self._write(drop_choice(OF, number))
                self._chosen.pop(number, None)
            else:
                value: dict[str, object] = msgspec.to_builtins(features)
                await self._write(save_choice(ChoiceRow(OF, number, value, chosen.at, by)))
                self._chosen[number] = chosen
        log.info("features changed", extension=number, by=by)
        for listener in self.listeners:
            listener(number)

    def kept(self) -> Iterable[str]:
        """The extensions for which something was chosen."""
        return tuple(self._chosen)

    async def forget(self, numbers: Iterable[str]) -> None:
        """Forget what was chosen for extensions that are gone; what the disk refuses is logged."""
        async with self._changing:
            dropped: list[Change] = []
            for number in numbers:
                self._known.pop(number, None)
                if self._chosen.pop(number, None) is not None:
                    dropped.append(drop_choice(OF, number))
            try:
                if dropped:
                    await self._write(*dropped)
            except StoreError as error:
                log.warning("features not forgotten", extensions=len(dropped), error=str(error))


async def keep_nothing(*_changes: Change) -> None:
    """Write nothing, for a switch without a disk."""
