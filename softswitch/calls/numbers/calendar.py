"""Calendars: whether something is open at a moment, by its hours and its holidays, or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from softswitch.settings.dialplan.calendars import Holiday, Hours


class Opening(NamedTuple):
    """Whether a calendar is open."""

    is_open: bool
    why: str
    "Such as `mon-fri 08:00-17:00`, `holiday 12-25`, `outside its hours` or `by hand`."


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours of the week and days that are closed."""

    name: str
    hours: tuple[Hours, ...] = ()
    "Without any, it is open at all hours."
    holidays: tuple[Holiday, ...] = ()
    zone: tzinfo | None = None
    "None for that of this machine."

    def local(self, moment: float) -> datetime:
        """A moment (Unix time in seconds) on the clock of the calendar."""
        return datetime.fromtimestamp(moment, self.zone)

    def at(self, moment: float) -> Opening:
        """Whether it is open at a moment (Unix time in seconds)."""
        local = self.local(moment)
        today = local.date()
        for holiday in self.holidays:
            if holiday.covers(today):
                return Opening(False, f"holiday {holiday.text}")
        if not self.hours:
            return Opening(True, "no holiday")
        minute = 60 * local.hour + local.minute
        for hours in self.hours:
            if _holds(hours, today, minute):
                return Opening(True, hours.text)
        return Opening(False, "outside its hours")


def _holds(hours: Hours, today: date, minute: int) -> bool:
    """Whether a minute of a day lies in these hours, or in those that began the day before."""
    yesterday = (today - timedelta(days=1)).weekday()
    for begin, end in hours.spans:
        if today.weekday() in hours.days and begin <= minute and (minute < end or end <= begin):
            return True
        if yesterday in hours.days and end <= begin and minute < end:
            return True
    return False


class Calendars:
    """All calendars by name, and which of them somebody has opened or closed by hand."""

    __slots__ = ("_by_name", "_forced")

    def __init__(self, calendars: Iterable[Calendar] = ()) -> None:
        self._by_name = {calendar.name: calendar for calendar in calendars}
        self._forced: dict[str, bool] = {}

    def __iter__(self) -> Iterator[Calendar]:
        return iter(self._by_name.values())

    def replace(self, calendars: Iterable[Calendar]) -> None:
        """Have these instead; what is forced by hand stays so."""
        self._by_name = {calendar.name: calendar for calendar in calendars}

    def find(self, name: str) -> Calendar | None:
        """The calendar with that name."""
        return self._by_name.get(name)

    def force(self, name: str, is_open: bool | None) -> None:
        """Open or close a calendar by hand, whatever its hours say; None ends that."""
        if is_open is None:
            self._forced.pop(name, None)
        else:
            self._forced[name] = is_open

    def forced(self, name: str) -> bool | None:
        """Whether it is open by hand (True) or closed (False); None where its hours count."""
        return self._forced.get(name)

    def all_forced(self) -> tuple[str, ...]:
        """The names of those that are open or closed by hand."""
        return tuple(self._forced)

    def at(self, name: str, moment: float) -> Opening:
        """Whether the calendar of that name is open at a moment (Unix time in seconds).

        One that does not exist is closed.
        """
        forced = self._forced.get(name)
        if forced is not None:
            return Opening(forced, "by hand")
        calendar = self._by_name.get(name)
        return Opening(False, "no such calendar") if calendar is None else calendar.at(moment)
