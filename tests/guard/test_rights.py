"""What roles may do, which numbers are an application's own, and where users may come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from softswitch.commands import COMMANDS
from softswitch.guard.rights import RIGHTS, NotAllowed, OwnNumbers, Right, User, roles_with
from softswitch.settings.exchange.users import HttpUser


def application(*extensions: str) -> User:
    return User.of(HttpUser(username="crm", role="application", extensions=extensions))


def test_every_role_has_what_the_table_of_the_documentation_says() -> None:
    assert {role: {right.name for right in rights} for role, rights in RIGHTS.items()} == {
        "admin": {"SEE_OWN", "SEE", "OPERATE_OWN", "OPERATE", "ADMINISTER"},
        "operator": {"SEE_OWN", "SEE", "OPERATE_OWN", "OPERATE"},
        "viewer": {"SEE_OWN", "SEE"},
        "application": {"SEE_OWN", "OPERATE_OWN"},
    }
    assert roles_with(Right.ADMINISTER) == ["admin"]
    assert roles_with(Right.OPERATE) == ["admin", "operator"]


def test_a_user_of_whom_the_settings_say_nothing_may_do_all() -> None:
    user = User.of(HttpUser(username="admin"))
    for right in Right:
        user.require(right)
    assert user.owns("1000", "anything")
    assert user.may_come_from("192.0.2.1")


@pytest.mark.parametrize(
    ("role", "right", "sentence"),
    [
        ("operator", Right.ADMINISTER, "eva is an operator, expected an admin"),
        ("viewer", Right.OPERATE, "eva is a viewer, expected an admin or operator"),
        (
            "viewer",
            Right.OPERATE_OWN,
            "eva is a viewer, expected an admin or operator or application",
        ),
    ],
)
def test_what_is_not_allowed_says_what_is_missing(role: str, right: Right, sentence: str) -> None:
    user = User("eva", role)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed) as refused:
        user.require(right)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("number", "is_own"),
    [
        ("1000", True), ("1001", False), ("1100", True), ("1150", True), ("1199", True),
        ("1200", False), ("11500", False), ("115", False), ("11x0", False), ("", False),
        ("٢٠٠٠", False), ("1000 ", False), ("1000@localhost", False),
    ],
)  # fmt: skip
def test_numbers_and_ranges_are_an_applications_own(number: str, is_own: bool) -> None:
    assert application("1000", "1100-1199").owns(number) is is_own
    assert (number in OwnNumbers.of(["1000", "1100-1199"])) is is_own


def test_a_foreign_number_is_named_with_the_own_ones() -> None:
    with pytest.raises(NotAllowed) as refused:
        application("1000", "1100-1199").require_own("2000")
    assert str(refused.value) == "'2000' is no extension of crm, expected 1000, 1100-1199"


@pytest.mark.parametrize(
    ("host", "may"),
    [
        ("192.0.2.7", True), ("192.0.3.7", False), ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True), ("2001:db9::1", False), ("", False), ("unix", False),
        ("fe80::1%eth0", False),
    ],
)  # fmt: skip
def test_users_come_from_their_networks_only(host: str, may: bool) -> None:
    user = User.of(HttpUser(username="a", networks=("192.0.2.0/24", "2001:db8::/32")))
    assert user.may_come_from(host) is may


def test_the_documentation_names_every_command_with_its_right() -> None:
    text = (Path(__file__).parents[2] / "docs/rights.md").read_text()
    names = {"see own": Right.SEE_OWN, "see": Right.SEE, "operate own": Right.OPERATE_OWN,
             "operate": Right.OPERATE, "administer": Right.ADMINISTER}  # fmt: skip
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    told = {row[1]: row[3] for row in rows if len(row) == 5 and row[1] in names}
    assert told.keys() == names.keys()
    for command in COMMANDS:
        row = next(row for row, right in names.items() if right is command.right)
        assert re.search(rf"\b{command.name()}\b", told[row]), command.name()
