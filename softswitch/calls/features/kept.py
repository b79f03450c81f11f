"""What is kept on disk of one kind of thing, a row of `choices` for each name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import structlog

from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow, drop_choice, save_choice

log = structlog.get_logger("softswitch.features")

T = TypeVar("T")

WriteBehind = Callable[[Change], asyncio.Future[None]]
"""Takes a change at once, in the order of the calls; the future is done when it is on disk. Raises
StoreError when too many wait."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Writes the rows of one kind."""

    of: str
    write: WriteBehind
    now: Callable[[], float]
    "Unix time in seconds."

    def row(self, name: str, value: dict[str, object]) -> Change:
        """The change that keeps a value; the row goes where there is none."""
        if not value:
            return drop_choice(self.of, name)
        return save_choice(ChoiceRow(self.of, name, value, self.now(), ""))

    async def save(self, name: str, value: dict[str, object]) -> None:
        """Keep a value; on disk when this returns. Raises StoreError."""
        await self.write(self.row(name, value))

    def save_soon(self, name: str, value: dict[str, object]) -> None:
        """Keep a value that nobody waits for; what the disk refuses is logged."""
        try:
            self.write(self.row(name, value))
        except StoreError as error:
            log.warning("not kept", of=self.of, name=name, error=str(error))


def readable(rows: Iterable[ChoiceRow], kind: type[T]) -> Iterator[tuple[ChoiceRow, T]]:
    """The rows that an earlier process has kept, each with its value; the others are logged."""
    for row in rows:
        try:
            value = msgspec.convert(row.value, kind)
        except msgspec.ValidationError as error:
            log.warning("not restored", of=row.of, name=row.name, error=str(error))
        else:
            yield row, value
