"""[[calendars]]: when something is open: hours of the week, and days on which it is closed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from softswitch.settings.values import Section, read_zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"In the order of `date.weekday`."
DAY_LENGTH = 24 * 60
"Minutes."
_LEAP_YEAR = 2024
"A year that has every day that a year may have."


class Span(NamedTuple):
    """Minutes since midnight; one that does not end after its begin lasts into the next day."""

    begin: int
    end: int
    "Not included."


class Hours(NamedTuple):
    """Spans of time on days of the week."""

    text: str
    "As the settings have it."
    days: frozenset[int]
    "0 is Monday."
    spans: tuple[Span, ...]


class Day(NamedTuple):
    """A day of one year, of every year, or counted from Easter Sunday."""

    year: int | None = None
    month: int = 0
    day: int = 0
    from_easter: int | None = None
    "Days after Easter Sunday; None for a day of a month."

    def in_year(self, year: int) -> date | None:
        """Its date in that year; None where the year has no such day."""
        if self.from_easter is not None:
            return easter(year) + timedelta(days=self.from_easter)
        if self.year not in (None, year):
            return None
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return None


class Holiday(NamedTuple):
    """A day or several in a row."""

    text: str
    "As the settings have it."
    first: Day
    last: Day
    "Included; one of every year that comes before the first is that of the next year."

    def covers(self, day: date) -> bool:
        """Whether the day is one of them."""
        return any(self._covers(day, year) for year in (day.year, day.year - 1))

    def _covers(self, day: date, year: int) -> bool:
        first = self.first.in_year(year)
        last = self.last.in_year(self.last.year or year)
        if first is None or last is None:
            return False
        if last < first:
            last = self.last.in_year(year + 1) or last
        return first <= day <= last


def easter(year: int) -> date:
    """Easter Sunday of a Gregorian year (the algorithm of Meeus, Jones and Butcher)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - correction + 15) % 30
    weekday = (32 + 2 * century_rest + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def read_hours(text: str) -> Hours:
    """Read `mon-fri 08:00-12:30, 13:30-17:00`; raises ValueError with what was expected."""
    expected = "expected DAYS TIMES such as mon-fri 08:00-12:30, 13:30-17:00"
    days, _, times = text.strip().lower().partition(" ")
    numbers: set[int] = set()
    for part in days.split(","):
        first, dash, last = part.partition("-")
        if part in ("*", "daily"):
            numbers |= set(range(7))
        elif first in WEEKDAYS and (not dash or last in WEEKDAYS):
            begin = WEEKDAYS.index(first)
            length = (WEEKDAYS.index(last) - begin) % 7 if dash else 0
            numbers |= {(begin + offset) % 7 for offset in range(length + 1)}
        else:
            raise ValueError(f"{expected}; the days are {', '.join(WEEKDAYS)} and daily")
    if not times:
        raise ValueError(expected)
    return Hours(
        text, frozenset(numbers), tuple(_span(each, expected) for each in times.split(","))
    )


def _span(text: str, expected: str) -> Span:
    match = re.fullmatch(r"\s*([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*", text)
    if match is None:
        raise ValueError(expected)
    begin, end = (60 * int(match[at]) + int(match[at + 1]) for at in (1, 3))
    if begin >= DAY_LENGTH or end > DAY_LENGTH or int(match[2]) > 59 or int(match[4]) > 59:
        raise ValueError("expected times from 00:00 to 24:00")
    if begin == end:
        raise ValueError("expected an end that is not the begin; all day is 00:00-24:00")
    return Span(begin, end)


def read_holiday(text: str) -> Holiday:
    """Read `2026-12-24`, `12-25`, `easter+1` or two of them as `A..B`; raises ValueError."""
    first, dots, last = text.strip().partition("..")
    days = _day(first), _day(last if dots else first)
    if days[0].year is not None:
        begin, end = days[0].in_year(days[0].year), days[1].in_year(days[1].year or 0)
        if begin is None or end is None or end < begin:
            raise ValueError("expected a last day that is not before the first")
    elif days[1].year is not None:
        raise ValueError("expected a year in both days or in none of them")
    return Holiday(text, *days)


def _day(text: str) -> Day:
    expected = "expected a day such as 2026-12-24, 12-25 (of every year), easter or easter+1"
    if match := re.fullmatch(r"easter([+-][0-9]{1,3})?", text.strip()):
        return Day(from_easter=int(match[1] or 0))
    match = re.fullmatch(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})", text.strip())
    if match is None:
        raise ValueError(expected)
    day = Day(int(match[1]) if match[1] else None, int(match[2]), int(match[3]))
    if day.year == 0 or day.in_year(day.year or _LEAP_YEAR) is None:
        raise ValueError(expected)
    return day


def _check_hours(text: str) -> str:
    return read_hours(text).text


def _check_holiday(text: str) -> str:
    return read_holiday(text).text


class CalendarSettings(Section):
    """When something is open; rules of the dial plan name it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    timezone: Annotated[str, AfterValidator(read_zone)] | None = None
    "Such as `Europe/Berlin`; without the key, that of this machine."
    hours: tuple[Annotated[str, AfterValidator(_check_hours)], ...] = ()
    """`mon-fri 08:00-12:30, 13:30-17:00`; `22:00-06:00` lasts into the next day. Without any, it
    is open at all hours."""
    holidays: tuple[Annotated[str, AfterValidator(_check_holiday)], ...] = ()
    """Days on which it is closed: `2026-12-24`, `12-25` of every year, `easter+1`, or a first and a
    last one: `2026-12-24..2027-01-01`."""
