"""Groups and queues of the settings: who may be a member, and where their calls go on to."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.settings.dialplan.routes import RouteSettings
from softswitch.settings.extensions.group import GroupExtension, GroupMember
from softswitch.settings.load import ConfigurationError, load

PHONE = "[[extensions]]\nnumber = '1'\ntype = 'phone'\n"


def group(members: str, *more: str, number: str = "700") -> str:
    keys = [f"number = '{number}'", "type = 'group'", f"members = {members}", *more]
    return "\n".join(["[[extensions]]", *keys, ""])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            group("['600']") + "[[extensions]]\nnumber = '600'\ntype = 'echo'",
            "extensions #2.members (number 700): expected a phone or group, 600 is of type echo",
        ),
        (
            group("['701']") + group("['700']", number="701"),
            "extensions #2.members (number 700): expected no circle of groups, not"
            " 700 -> 701 -> 700",
        ),
        (
            group("['1']", "overflow = '99'"),
            "extensions #2.overflow (number 700): expected an extension, or a number that a route"
            " takes, not '99'",
        ),
        (
            group("['1']", "overflow = '700'"),
            "extensions #2.overflow (number 700): expected no circle, not 700 -> 700",
        ),
        (
            group("['1']", "overflow = '701'") + group("['1']", "overflow = '700'", number="701"),
            "extensions #2.overflow (number 700): expected no circle, not 700 -> 701 -> 700",
        ),
        (
            group("['1']", "overflow = '01'")
            + "[[routes]]\nnumber = '0*'\nto = 'extension:1'\nextensions = ['1']",
            "extensions #2.overflow (number 700): expected 700 among the extensions of a route"
            " that takes '01'",
        ),
        (
            group("[{number = '1', delay = 5}]", "strategy = 'in-turn'"),
            'extensions #2 (number 700): expected strategy = "all" beside the delay of 1',
        ),
        (
            group("[{number = '1', delay = -1}]"),
            "extensions #2.members #1.delay (number 1): expected at least 0",
        ),
        (
            group("['1', {number = '1'}]"),
            "extensions #2.members (number 700): expected every element once",
        ),
        (
            group("['1']", "strategy = 'linear'"),
            "extensions #2.strategy (number 700): expected 'all', 'in-turn', 'round-robin',"
            " 'random' or 'least-recent', not 'linear'",
        ),
    ],
)
def test_a_mistake_names_key_and_what_was_expected(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(PHONE + text)
    with pytest.raises(ConfigurationError) as refused:
        load(file)
    (found,) = refused.value.lines
    assert found.endswith(line)


def test_members_are_numbers_or_tables(tmp_path: Path) -> None:
    file = tmp_path / "softswitch.toml"
    inner = group("['1']", number="701")
    file.write_text(PHONE + group("['1', {number = '701', delay = 2.5}]") + inner)
    found = load(file).extensions[1]
    assert isinstance(found, GroupExtension)
    assert found.members == (GroupMember(number="1"), GroupMember(number="701", delay=2.5))


@pytest.mark.parametrize(
    ("pattern", "number", "takes"),
    [
        ("0*", "0123", True),
        ("0*", "1", False),
        ("0??", "012", True),
        ("0??", "0123", False),
        ("0??", "01", False),
        ("*", "", True),
    ],
)
def test_a_route_takes_the_numbers_of_its_pattern(pattern: str, number: str, takes: bool) -> None:
    assert RouteSettings(number=pattern, to="extension:1").takes(number) is takes
