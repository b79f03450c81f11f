"""Features and schedules in the settings: what is wrong with them, in one line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.settings.load import ConfigurationError
from tests.settings.test_load import read

PHONES = """
[[extensions]]
number = "1001"
type = "phone"
[[extensions]]
range = "2000-2099"
type = "phone"
[[trunks]]
name = "carrier"
host = "127.0.0.1:5080"
[[routes]]
number = "0*"
to = "trunk:carrier"
[[routes]]
number = "49301*"
to = "extension:*"
strip = 5
[[calendars]]
name = "office"
[[extensions]]
number = "1000"
type = "phone"
"""
SCHEDULE = """
[[extensions]]
number = "710"
type = "schedule"
calendar = "office"
open = "1000"
closed = "1001"
"""


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ('forward_always = "1009"', "forward_always (number 1000): expected an extension, or"),
        ('forward_busy = "1000"', "forward_busy (number 1000): expected another number"),
        ('forward_no_answer = "030"', "forward_no_answer (number 1000): expected forward_outside"),
        ('forward_not_registered = "7"', "forward_not_registered (number 1000): expected an ext"),
        ("forward_after = 0", "forward_after (number 1000): expected more than 0"),
        ("forward_after = 601", "forward_after (number 1000): expected at most 600"),
        ("max_calls = 0", "max_calls (number 1000): expected at least 1"),
        ("forward_always = 1001", "forward_always (number 1000): expected a text in quotes"),
        ('speed_dials = { 123 = "1001" }', "speed_dials"),
        ('speed_dials = { 1 = "a b" }', "speed_dials"),
        ('forward_alwys = "1001"', "forward_alwys (number 1000): unknown key, did you mean"),
    ],
)
def test_a_wrong_feature_is_a_mistake(tmp_path: Path, keys: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, PHONES + keys)
    (line,) = caught.value.lines
    assert "extensions #3." in line
    assert wrong in line


@pytest.mark.parametrize(
    "keys",
    [
        'forward_always = "2050"',
        'forward_always = "49301001"',
        'forward_no_answer = "030"\nforward_outside = true',
        'speed_dials = { 1 = "+4930123", "02" = "1001" }',
    ],
)
def test_what_is_right_is_none(tmp_path: Path, keys: str) -> None:
    assert read(tmp_path, PHONES + keys)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('"office"', '"shop"', "calendar (number 710): expected the name of a calendar"),
        ('open = "1000"', 'open = "77"', "open (number 710): expected an extension, or"),
        ('closed = "1001"', 'closed = "710"', "closed (number 710): expected no circle"),
        ('closed = "1001"', "", "closed (number 710): missing"),
        ('open = "1000"', 'open = "1000"\nmanagers = ["9"]', "managers (number 710): expected an"),
    ],
)
def test_a_wrong_schedule_is_a_mistake(tmp_path: Path, old: str, new: str, wrong: str) -> None:
    assert read(tmp_path, PHONES + SCHEDULE)
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, PHONES + SCHEDULE.replace(old, new))
    (line,) = caught.value.lines
    assert wrong in line


def test_extensions_that_forward_to_each_other_always_are_a_mistake(tmp_path: Path) -> None:
    phones = "".join(
        f'[[extensions]]\nnumber = "{number}"\ntype = "phone"\nforward_always = "{to}"\n'
        for number, to in (("1001", "1002"), ("1002", "1003"), ("1003", "1001"), ("1004", "1001"))
    )
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, phones)
    (line,) = caught.value.lines
    assert "expected no circle of forwarded calls, not 1001 -> 1002 -> 1003 -> 1001" in line
