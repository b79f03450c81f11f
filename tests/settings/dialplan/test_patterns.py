"""Patterns of numbers, and templates."""

from __future__ import annotations

import re

import pytest

from softswitch.settings.dialplan.patterns import (
    begin_of,
    expression_of,
    filled,
    groups_of,
    places_of,
    range_of,
)


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("0*", ["0", "030", "0*1"], ["1", ""]),
        ("*97", ["*97"], ["x97", "97"]),
        ("*9*", ["*9", "*91"], ["9"]),
        ("7??", ["701", "7#*"], ["70", "7011"]),
        ("+4930", ["+4930"], ["44930"]),
        ("_0X.", ["012", "01abc"], ["01", "0", "0x1"]),
        ("_0x!", ["01", "012"], ["0", "0a"]),
        ("_[15-7]ZN", ["112", "599"], ["102", "111", "212"]),
        ("_*2[0-1]", ["*20", "*21"], ["*22"]),
        ("_0(1[5-7]X.)", ["015123", "0179x"], ["0141234", "0151"]),
        ("_0(0[1-9]X.)", ["004930"], ["000130"]),
        ("_X(X)X(X)", ["1234"], ["123"]),
        ("_(X.)", ["12"], ["1"]),
        ("_030-1234", ["0301234"], ["030-1234"]),
        ("_+49.", ["+4930"], ["+49", "49301"]),
    ],
)
def test_what_a_pattern_fits(pattern: str, fits: list[str], fits_not: list[str]) -> None:
    expression = re.compile(expression_of(pattern))
    assert [number for number in fits if expression.fullmatch(number) is None] == []
    assert all(number.startswith(begin_of(pattern)) for number in fits)
    assert [number for number in fits_not if expression.fullmatch(number)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "0**5", "0*5", "_", "_X.1", "_.X", "_!.", "_(X", "_X)", "_((X))", "_)X(", "_[", "_[]",
        "_[a-z]", "_[1", "_1 2", "_1{3}", "_(.)X", "_X|Y", "_\n", "_1\\d",
    ],
)  # fmt: skip
def test_patterns_that_are_none(pattern: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        expression_of(pattern)


def test_an_expression_must_be_one_of_re2() -> None:
    assert groups_of(r"\+49(30\d+)(x)?") == 2
    for wrong in ("(a", r"(\d+)\1", "(?=a)b"):
        with pytest.raises(ValueError, match="expected a regular expression of RE2"):
            groups_of(wrong)


def test_templates() -> None:
    assert places_of("+{1}a{number}") == ["1", "number"]
    assert filled("+{1}a{number}{2}", {"1": "49", "number": "0"}) == "+49a0"
    for wrong in ("{1", "1}", "{{1}}"):
        with pytest.raises(ValueError, match="in pairs"):
            places_of(wrong)


def test_ranges() -> None:
    assert range_of("1100-1199") == ("1100", "1199")
    assert range_of("1100") is None
    assert range_of("_11XX") is None
    for wrong in ("1199-1100", "100-1199"):
        with pytest.raises(ValueError, match="equally many digits"):
            range_of(wrong)
