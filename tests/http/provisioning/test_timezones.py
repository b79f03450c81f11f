"""Time zones of the database as offset and rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from softswitch.http.provisioning.timezones import ChangeDay, timezone


@pytest.mark.parametrize(
    ("name", "offset", "saving", "start", "end"),
    [
        ("UTC", "+00:00", 0, None, None),
        ("Europe/Berlin", "+01:00", 60, ChangeDay(3, 5, 0, 120), ChangeDay(10, 5, 0, 180)),
        ("America/New_York", "-05:00", 60, ChangeDay(3, 2, 0, 120), ChangeDay(11, 1, 0, 120)),
        ("America/St_Johns", "-03:30", 60, ChangeDay(3, 2, 0, 120), ChangeDay(11, 1, 0, 120)),
        ("Asia/Kolkata", "+05:30", 0, None, None),
        ("Australia/Lord_Howe", "+10:30", 30, ChangeDay(10, 1, 0, 120), ChangeDay(4, 1, 0, 120)),
        ("Asia/Kathmandu", "+05:45", 0, None, None),
        ("No/Where", "+00:00", 0, None, None),
    ],
)
def test_a_zone_is_an_offset_and_two_days(
    name: str, offset: str, saving: int, start: ChangeDay | None, end: ChangeDay | None
) -> None:
    zone = timezone(name)
    assert (zone.offset, zone.saving, zone.start, zone.end) == (offset, saving, start, end)


def test_every_zone_of_the_database_has_the_offset_that_python_finds() -> None:
    winter = datetime(2036, 1, 15, tzinfo=UTC)
    for name in sorted(available_timezones()):
        zone, there = timezone(name), winter.astimezone(ZoneInfo(name))
        now = there.utcoffset()
        standard = timedelta(minutes=zone.minutes)
        assert now in (standard, standard + timedelta(minutes=zone.saving)), name
