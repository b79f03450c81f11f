"""Calendars opened and closed by hand: kept on disk, so that a restart changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from softswitch.calls.numbers.calendar import Calendars
from softswitch.store.database.changes import Write
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow, drop_choice, save_choice

log = structlog.get_logger("softswitch.features")

OF_CALENDARS = "calendar"
"What choices are for that open and close calendars."


class Openings:
    """Opens and closes calendars by hand."""

    __slots__ = ("_calendars", "_changing", "_now", "_write")

    def __init__(
        self,
        calendars: Calendars,
        write: Write,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`write` returns when the change is on disk; `now` is Unix time in seconds."""
        self._calendars = calendars
        self._write = write
        self._now = now
        self._changing = asyncio.Lock()

    def restore(self, rows: Iterable[ChoiceRow]) -> None:
        """Take what an earlier process has kept."""
        for row in rows:
            is_open = row.value.get("open")
            if isinstance(is_open, bool):
                self._calendars.force(row.name, is_open)

    async def forget(self, calendars: Iterable[str]) -> None:
        """Leave calendars that are gone to their hours, should there be others of their names.

        What the disk refuses is logged.
        """
        for calendar in calendars:
            if self._calendars.forced(calendar) is None:
                continue
            self._calendars.force(calendar, None)
            try:
                async with self._changing:
                    await self._write(drop_choice(OF_CALENDARS, calendar))
            except StoreError as error:
                log.warning("calendar not forgotten", calendar=calendar, error=str(error))

    def gone(self) -> list[str]:
        """The calendars that are open or closed by hand, and that there are no more."""
        return [name for name in self._calendars.all_forced() if self._calendars.find(name) is None]

    async def change(self, calendar: str, is_open: bool | None, by: str) -> None:
        """Open or close a calendar, or leave it to its hours (None); on disk when this returns.

        Raises StoreError when the disk does not take it.
        """
        async with self._changing:
            if is_open is None:
                await self._write(drop_choice(OF_CALENDARS, calendar))
            else:
                row = ChoiceRow(OF_CALENDARS, calendar, {"open": is_open}, self._now(), by)
                await self._write(save_choice(row))
            self._calendars.force(calendar, is_open)
        log.info("calendar by hand", calendar=calendar, open=is_open, by=by)
