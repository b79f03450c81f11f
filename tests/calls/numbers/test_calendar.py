"""When a calendar is open."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from softswitch.calls.numbers.calendar import Calendar, Calendars
from softswitch.settings.dialplan.calendars import easter, read_holiday, read_hours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(
    "office",
    tuple(map(read_hours, ("mon-fri 08:00-12:30, 13:30-17:00", "sat,sun 22:00-06:00"))),
    tuple(map(read_holiday, ("12-25", "12-31..01-02", "easter+1", "2026-11-30", "02-29"))),
    BERLIN,
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("moment", "is_open", "why"),
    [
        ("2026-11-27 08:00", True, "mon-fri 08:00-12:30, 13:30-17:00"),
        ("2026-11-27 07:59", False, "outside its hours"),
        ("2026-11-27 12:30", False, "outside its hours"),
        ("2026-11-27 16:59", True, "mon-fri 08:00-12:30, 13:30-17:00"),
        ("2026-11-28 09:00", False, "outside its hours"),
        ("2026-11-28 22:00", True, "sat,sun 22:00-06:00"),
        ("2026-11-29 05:59", True, "sat,sun 22:00-06:00"),
        ("2026-11-29 06:00", False, "outside its hours"),
        ("2026-12-07 05:00", True, "sat,sun 22:00-06:00"),  # Monday, since Sunday night
        ("2026-11-30 10:00", False, "holiday 2026-11-30"),
        ("2027-11-30 10:00", True, "mon-fri 08:00-12:30, 13:30-17:00"),
        ("2026-12-25 10:00", False, "holiday 12-25"),
        ("2026-12-31 10:00", False, "holiday 12-31..01-02"),
        ("2027-01-01 10:00", False, "holiday 12-31..01-02"),
        ("2027-01-02 10:00", False, "holiday 12-31..01-02"),
        ("2027-01-04 10:00", True, "mon-fri 08:00-12:30, 13:30-17:00"),
        ("2027-03-29 10:00", False, "holiday easter+1"),
        ("2028-02-29 10:00", False, "holiday 02-29"),
        ("2027-03-01 10:00", True, "mon-fri 08:00-12:30, 13:30-17:00"),
    ],
)
def test_open_or_closed(moment: str, is_open: bool, why: str) -> None:
    assert OFFICE.at(at(moment)) == (is_open, why)


def test_the_clock_is_that_of_its_zone() -> None:
    utc = datetime(2026, 7, 1, 6, 30, tzinfo=ZoneInfo("UTC")).timestamp()
    assert OFFICE.at(utc).is_open  # 08:30 in summer
    assert not Calendar("utc", OFFICE.hours, (), ZoneInfo("UTC")).at(utc).is_open


def test_without_hours_only_holidays_close_it() -> None:
    calendar = Calendar("holidays", (), (read_holiday("12-25"),), BERLIN)
    assert calendar.at(at("2026-12-24 03:00")) == (True, "no holiday")
    assert calendar.at(at("2026-12-25 03:00")) == (False, "holiday 12-25")


def test_by_hand_wins_and_outlives_a_change_of_settings() -> None:
    calendars = Calendars([OFFICE])
    night = at("2026-11-27 03:00")
    calendars.force("office", True)
    assert calendars.at("office", night) == (True, "by hand")
    calendars.replace([Calendar("office")])
    assert calendars.forced("office") is True
    calendars.force("office", None)
    assert calendars.at("office", night) == (True, "no holiday")
    assert calendars.at("none", night) == (False, "no such calendar")


@pytest.mark.parametrize(
    "day", ["1961-04-02", "2000-04-23", "2008-03-23", "2026-04-05", "2027-03-28", "2038-04-25"]
)
def test_easter(day: str) -> None:
    sunday = date.fromisoformat(day)
    assert easter(sunday.year) == sunday


@pytest.mark.parametrize(
    "text",
    [
        "", "mon", "mon-fri", "monday 08:00-09:00", "mon 8-9", "mon 08:00-25:00", "mon 08:60-09:00",
        "mon 24:00-01:00", "mon 08:00-08:00", "mon 08:00-09:00,", "mon- 08:00-09:00",
    ],
)  # fmt: skip
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_hours(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "25.12.", "13-01", "02-30", "2026-02-29", "2026-12-24..2026-12-23", "0000-01-01",
        "2026-12-24..12-26", "12-24..2026-12-26", "easter+", "easter+1000", "12-24..",
    ],
)  # fmt: skip
def test_holidays_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_holiday(text)
