"""Time zones as phones write them: an offset, and the two days on which the clock is changed.

The time zone database holds, behind its list of changes, the rule that holds from now on (RFC 8536
section 3.3, the form of POSIX's `TZ`): `CET-1CEST,M3.5.0,M10.5.0/3`.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

_NAME = r"(?:<[^>]+>|[A-Za-z]+)"
_TIME = r"([+-]?[0-9]+(?::[0-9]+){0,2})"
_DAY = rf"M([0-9]+)\.([0-9]+)\.([0-9]+)(?:/{_TIME})?"
_RULE = re.compile(rf"{_NAME}{_TIME}(?:{_NAME}(?:{_TIME})?(?:,{_DAY},{_DAY})?)?", re.ASCII)
HOUR = 60


@dataclass(frozen=True, slots=True)
class ChangeDay:
    """A day in every year on which the clock is changed."""

    month: int
    "1 to 12."
    week: int
    "The first such weekday of the month is 1; 5 is the last."
    weekday: int
    "0 is Sunday, 6 is Saturday."
    minutes: int
    "After midnight by the clock that is changed."


@dataclass(frozen=True, slots=True)
class Timezone:
    """An offset from UTC, and when the clock is changed."""

    name: str
    "Such as Europe/Berlin."
    rule: str
    "As POSIX writes it: CET-1CEST,M3.5.0,M10.5.0/3."
    minutes: int
    "What standard time is ahead of UTC."
    saving: int = 0
    "Minutes that the clock is put forward between `start` and `end`; 0 where it never is."
    start: ChangeDay | None = None
    end: ChangeDay | None = None

    @property
    def offset(self) -> str:
        """Hours and minutes with a sign: `+01:00`."""
        hours, minutes = divmod(abs(self.minutes), HOUR)
        return f"{'-' if self.minutes < 0 else '+'}{hours:02d}:{minutes:02d}"


@cache
def timezone(name: str) -> Timezone:
    """The zone of that name in the time zone database; UTC when it is not there."""
    rule = _rule_of(name)
    found = _RULE.fullmatch(rule)
    if found is None:
        return Timezone("UTC", "UTC0", 0)
    ahead, summer, *days = found.groups()
    standard = -_minutes(ahead)
    if days[0] is None:
        return Timezone(name, rule, standard)
    saving = HOUR if summer is None else -_minutes(summer) - standard
    return Timezone(name, rule, standard, saving, _day(days[:4]), _day(days[4:]))


def _minutes(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, *_ = (*map(int, text.lstrip("+-").split(":")), 0)
    return sign * (hours * HOUR + minutes)


def _day(parts: list[str | None]) -> ChangeDay:
    month, week, weekday, time = parts
    return ChangeDay(
        int(month or 1), int(week or 1), int(weekday or 0), 2 * HOUR if not time else _minutes(time)
    )


def _rule_of(name: str) -> str:
    """The last line of the zone's file; empty where there is none."""
    places = [Path(place) / name for place in zoneinfo.TZPATH]
    for place in places:
        if place.is_file():
            return _last_line(place.read_bytes())
    try:
        package = resources.files("tzdata.zoneinfo").joinpath(*name.split("/"))
        return _last_line(package.read_bytes())
    except (ModuleNotFoundError, OSError):
        return ""


def _last_line(octets: bytes) -> str:
    return octets.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")
