"""Sessions of the console: how long a cookie counts, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from softswitch.http.access.sessions import MOST, SEEN_EVERY, SessionLimits, Sessions
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from softswitch.store.exchange.web_sessions import SessionRow


class Kept:
    """The rows as a database would have them, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.rows: dict[object, SessionRow] = {}
        self.writes = 0
        self.away = False

    def write(self, *changes: Change) -> Awaitable[None]:
        done = asyncio.get_running_loop().create_future()
        self.writes += 1
        if self.away:
            raise DatabaseAway("the database does not answer")
        for change in changes:
            if change.kind.name == "save session":
                self.rows[change.key[1]] = SessionRow(**change.row)  # type: ignore[arg-type]
            else:
                self.rows.pop(change.key[1], None)
        done.set_result(None)
        return done

    def sessions(self) -> Sessions:
        """What a switch has after a start on these rows."""
        sessions = Sessions(self.write, SessionLimits(life=1000, idle=100), clock=lambda: self.now)
        sessions.restore(self.rows.values())
        return sessions


PASSWORDS = {"eva": "pw", "ben": "other"}


async def test_a_cookie_counts_until_it_is_idle_or_old_also_after_a_restart() -> None:
    kept = Kept()
    sessions = kept.sessions()
    cookie, expires = await sessions.begin("eva", "pw")
    assert (expires, sessions.expires(cookie)) == (2_000.0, 2_000.0)
    for _ in range(12):
        kept.now += 80
        assert sessions.find(cookie, PASSWORDS.get) == "eva"
        sessions = kept.sessions()
    kept.now = 1_999.9
    assert sessions.find(cookie, PASSWORDS.get) == "eva"
    kept.now = 2_000.0
    assert sessions.find(cookie, PASSWORDS.get) is None
    idle, _ = await sessions.begin("eva", "pw")
    assert len(kept.rows) == 1, "the one that is over goes"
    kept.now += 99
    assert sessions.find(idle, PASSWORDS.get, seen=False) == "eva"
    kept.now += 1
    assert sessions.find(idle, PASSWORDS.get) is None


async def test_another_password_or_no_user_ends_a_session() -> None:
    kept = Kept()
    sessions = kept.sessions()
    cookie, _ = await sessions.begin("eva", "pw")
    for passwords in ({"eva": "new"}, {"ben": "pw"}, {}):
        assert sessions.find(cookie, passwords.get) is None
    for wrong in ("", cookie[:-1], cookie + "x", "\ud800", "é"):
        assert sessions.find(wrong, PASSWORDS.get) is None
    assert sessions.find(cookie, PASSWORDS.get) == "eva"


async def test_neither_cookie_nor_password_is_kept() -> None:
    kept = Kept()
    cookie, _ = await kept.sessions().begin("eva", "hunter2")
    told = repr(kept.rows)
    assert cookie not in told
    assert "hunter2" not in told


async def test_who_logs_out_is_out_even_while_the_database_is_away() -> None:
    kept = Kept()
    sessions = kept.sessions()
    cookie, _ = await sessions.begin("eva", "pw")
    kept.away = True
    with pytest.raises(DatabaseAway):
        await sessions.end(cookie)
    assert sessions.find(cookie, PASSWORDS.get) is None
    kept.away = False
    assert not await sessions.end(cookie)
    assert not kept.rows


async def test_a_user_has_so_many_sessions_and_takes_none_of_others() -> None:
    kept = Kept()
    sessions = kept.sessions()
    other, _ = await sessions.begin("ben", "other")
    cookies = []
    for _ in range(MOST + 3):
        kept.now += 0.1
        cookies.append((await sessions.begin("eva", "pw"))[0])
    assert len(sessions) == len(kept.rows) == MOST + 1
    counts = [sessions.find(each, PASSWORDS.get) is not None for each in cookies]
    assert counts == [False] * 3 + [True] * MOST
    assert sessions.find(other, PASSWORDS.get) == "ben"


async def test_requests_write_now_and_then_and_go_on_without_a_database() -> None:
    kept = Kept()
    sessions = kept.sessions()
    cookie, _ = await sessions.begin("eva", "pw")
    for _ in range(100):
        sessions.find(cookie, PASSWORDS.get)
    assert kept.writes == 1
    kept.now += SEEN_EVERY
    assert sessions.find(cookie, PASSWORDS.get) == "eva"
    assert kept.writes == 2
    kept.away = True
    kept.now += SEEN_EVERY
    assert sessions.find(cookie, PASSWORDS.get) == "eva"


async def test_without_a_database_nobody_is_logged_in() -> None:
    kept = Kept()
    kept.away = True
    sessions = kept.sessions()
    with pytest.raises(DatabaseAway):
        await sessions.begin("eva", "pw")
    assert len(sessions) == 0
