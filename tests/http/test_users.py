"""Who is let in to the web API, from where, and what guesses of passwords learn."""

from __future__ import annotations

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.settings.exchange.users import HttpUser

EVA = HttpUser(username="eva", role="operator")


def test_a_user_is_what_the_settings_say_now() -> None:
    users = Users({"eva": "pw"}, settings=[EVA])
    assert users.now("eva") == User.of(EVA)
    users.exchange({"eva": "pw"}, [HttpUser(username="eva", role="viewer")])
    assert users.now("eva").role == "viewer"
    users.exchange({"admin": "pw"})
    assert users.now("eva").is_gone
    assert not users.now("eva").owns("1000")
