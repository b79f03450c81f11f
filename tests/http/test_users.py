"""Who is let in to the web API, from where, and what guesses of passwords learn."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from aiohttp import web

from softswitch.commands.base.codes import CommandError
from softswitch.guard.bans import Bans, BanTerms
from softswitch.guard.rights import User
from softswitch.http.users import Banned, Users
from softswitch.settings.exchange.users import HttpUser
from softswitch.settings.passwords import TERMINAL_KEY

EVA = HttpUser(username="eva", role="operator")


def test_a_user_is_what_the_settings_say_now() -> None:
    users = Users({"eva": "pw"}, settings=[EVA])
    assert users.now("eva") == User.of(EVA)
    users.exchange({"eva": "pw"}, [HttpUser(username="eva", role="viewer")])
    assert users.now("eva").role == "viewer"
    users.exchange({"admin": "pw"})
    assert users.now("eva").is_gone
    assert not users.now("eva").owns("1000")


def asks(users: Users, username: str, password: str, host: str, **headers: str) -> int | str:
    """The code that refuses a request, or who is let in."""
    request = Mock(spec=web.Request, remote=host, headers=headers)
    try:
        return users.of_request(request, {"username": username, "password": password}).name
    except CommandError as error:
        return int(error.code)


def guarded() -> Users:
    near = HttpUser(username="near", networks=("192.0.2.0/24",))
    bans = Bans("HTTP", BanTerms(failures=3))
    return Users({"near": "pw", "eva": "pw"}, bans, settings=[near, EVA], terminal_key="k" * 43)


def test_from_a_network_that_is_forbidden_nothing_is_learned_about_the_password() -> None:
    for password in ("pw", "wrong"):
        users = guarded()
        for _ in range(3):
            assert asks(users, "near", password, "203.0.113.1") == 307
        with pytest.raises(Banned):
            asks(users, "near", password, "203.0.113.1")
        assert asks(users, "near", "pw", "192.0.2.1") == "near"
        assert asks(users, "eva", "pw", "203.0.113.1") == "eva"


def test_the_right_password_from_a_forbidden_network_forgives_no_guesses() -> None:
    users = guarded()
    users.exchange({"near": "pw"})
    assert [asks(users, "near", "x", "203.0.113.1") for _ in range(2)] == [305, 305]
    users.exchange({"near": "pw"}, [HttpUser(username="near", networks=("192.0.2.0/24",))])
    assert asks(users, "near", "pw", "203.0.113.1") == 307
    with pytest.raises(Banned):
        asks(users, "near", "pw", "203.0.113.1")


@pytest.mark.parametrize(
    ("key", "username", "password", "let_in"),
    [
        ("k" * 43, "", "", "bob"),  # the first admin
        ("k" * 43, "near", "", "near"),
        ("k" * 43, "near", "wrong", 305),
        ("k" * 43, "nobody", "", 305),
        ("k" * 42, "near", "", 305),
        ("k" * 42, "", "", 304),
        ("", "near", "", 305),
    ],
)
def test_who_has_the_key_of_the_terminal_needs_no_password(
    key: str, username: str, password: str, let_in: str | int
) -> None:
    settings = [HttpUser(username="near", role="operator"), EVA, HttpUser(username="bob")]
    passwords = {each.username: "pw" for each in settings}
    users = Users(passwords, settings=settings, terminal_key="k" * 43)
    headers = {TERMINAL_KEY: key} if key else {}
    assert asks(users, username, password, "127.0.0.1", **headers) == let_in
    assert (
        asks(Users(passwords, settings=settings), "", "", "127.0.0.1", **{TERMINAL_KEY: ""}) == 304
    )


def test_the_terminal_is_not_banned_for_where_it_is() -> None:
    users = guarded()
    key = {"X-Softswitch-Terminal": "k" * 43}
    assert {asks(users, "near", "pw", "127.0.0.1", **key) for _ in range(9)} == {307}
    assert asks(users, "near", "pw", "127.0.0.1") == 307
