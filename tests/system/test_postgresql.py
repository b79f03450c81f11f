"""The whole switch on PostgreSQL: phones, calls and messages while the server stops or hangs."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgresql import PostgreSql
from tests.system.peer import Peer, header, peers, status, talk
from tests.system.program import Program, running, until

pytestmark = pytest.mark.own_database

SETTINGS = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""
LIMIT = {"STORAGE__TIME_LIMIT": "1"}
"A server that hangs is given up after a second."

AWAY: dict[str, tuple[Callable[[PostgreSql], None], Callable[[PostgreSql], None]]] = {
    "stop": (PostgreSql.stop, PostgreSql.start),
    "hang": (PostgreSql.hang, PostgreSql.resume),
}
"How the server is taken away, and how it comes back."


async def call(anna: Peer, ben: Peer) -> None:
    """A call that is answered and ended by the caller."""
    ours, _ = await talk(anna, ben)
    hanging_up = asyncio.create_task(ours.hang_up())
    ben.respond(await ben.request("BYE"), 200)
    await hanging_up


async def health(program: Program) -> dict[str, object]:
    """What `/healthz` says."""
    return dict(json.loads(await program.get("/healthz")))


async def register_again(peer: Peer, seconds: float = 30.0) -> None:
    """Register until it is taken, as phones do."""
    async with asyncio.timeout(seconds):
        answer = 0
        while answer != 200:
            text = peer.new("REGISTER", None, "", "Expires: 600")
            answer = status(await peer.ask(text, 20.0))


async def test_bindings_calls_and_the_history_outlive_a_crash(
    own_postgresql: PostgreSql, tmp_path: Path
) -> None:
    program = Program(tmp_path, SETTINGS, database=own_postgresql.url())
    await program.start()
    async with peers(program, "1000", "1001") as (anna, ben):
        await call(anna, ben)
        await until(lambda: all(record["end_time"] for record in program.calls()))
        await talk(anna, ben)
        await until(lambda: len(program.calls()) == 2)
        await program.kill()
        async with running(
            tmp_path,
            SETTINGS,
            database=own_postgresql.url(),
            sip_port=program.sip_port,
            http_port=program.http_port,
        ) as again:
            assert await again.metric("softswitch_registrations") == 2
            assert [record["outcome"] for record in again.calls()] == ["answered", "interrupted"]
            anna.program = ben.program = again
            await call(anna, ben)
            await until(lambda: all(record["end_time"] for record in again.calls()))
            listed = await again.command("ListCallHistory", Order="desc", State="callerhangup")
            assert listed["TotalRecords"] == 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", AWAY)
async def test_calls_go_on_and_are_recorded_while_the_server_is_away(
    own_postgresql: PostgreSql, tmp_path: Path, how: str
) -> None:
    take_away, bring_back = AWAY[how]
    async with (
        running(tmp_path, SETTINGS, database=own_postgresql.url(), overrides=LIMIT) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        assert (await health(program))["database"] == "up"
        ours, _ = await talk(anna, ben)
        take_away(own_postgresql)
        hanging_up = asyncio.create_task(ours.hang_up())
        ben.respond(await ben.request("BYE"), 200)
        await hanging_up
        began = time.monotonic()
        for _ in range(8):
            await call(anna, ben)
        assert time.monotonic() - began < 8, "the database keeps no call waiting"
        refused = await anna.ask(anna.new("REGISTER", None, "", "Expires: 500"), 20.0)
        assert status(refused) == 503, "nothing is acknowledged that is not on disk"
        assert header(refused, "Retry-After")
        text = anna.new("MESSAGE", "1001", "lost?", "Content-Type: text/plain;charset=UTF-8")
        assert status(await anna.ask(text, 20.0)) in (500, 503)
        listed = await program.command("ListCallHistory")
        assert (listed["Code"], str(listed["Message"])[:30]) == (
            801,
            "The database does not answer. ",
        )
        assert (await program.command("ListActiveCalls"))["Code"] == 200
        assert (await program.command("ReceiveMessage"))["Code"] == 801
        found = await health(program)
        assert (found["database"], found["status"]) == ("away", "ready")
        assert await program.metric("softswitch_store_up") == 0
        assert await program.metric("softswitch_store_call_records_waiting") > 20
        await asyncio.to_thread(bring_back, own_postgresql)
        await register_again(anna)
        await program.until_metric("softswitch_store_call_records_waiting", 0, 30)
        assert (await health(program))["database"] == "up"
        await call(anna, ben)
        records = await asyncio.to_thread(program.calls)
        assert [record["outcome"] for record in records[:9]] == ["answered"] * 9
        assert all(record["end_time"] for record in records[:9])
        assert await program.metric("softswitch_store_call_records_lost_total") == 0


@pytest.mark.timeout(120)
async def test_a_message_that_was_taken_is_delivered_after_a_restart_of_the_server(
    own_postgresql: PostgreSql, tmp_path: Path
) -> None:
    async with (
        running(tmp_path, SETTINGS, database=own_postgresql.url(), overrides=LIMIT) as program,
        peers(program, "1000") as (anna,),
    ):
        text = anna.new("MESSAGE", "1001", "see you", "Content-Type: text/plain;charset=UTF-8")
        assert status(await anna.ask(text)) == 202
        await asyncio.sleep(1)  # it is noted that the phone is away
        own_postgresql.stop()
        await asyncio.to_thread(own_postgresql.start)
        ben = Peer("1001", program)
        await ben.open()
        await register_again(ben)
        request = await ben.request("MESSAGE", 20.0)
        assert request.endswith("see you")
        ben.respond(request, 200)
        ben.close()


@pytest.mark.timeout(120)
async def test_another_switch_that_took_the_database_ends_this_one_cleanly(
    own_postgresql: PostgreSql, tmp_path: Path
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    first = Program(tmp_path / "first", SETTINGS, database=own_postgresql.url())
    await first.start()
    async with peers(first, "1000", "1001") as (anna, ben):
        await talk(anna, ben)
        second = Program(tmp_path / "second", SETTINGS, database=own_postgresql.url())
        with pytest.raises(AssertionError, match="is in use by another switch"):
            await second.start()
        assert first.process is not None
        first.process.send_signal(signal.SIGSTOP)  # the other one is faster
        own_postgresql.stop()
        await asyncio.to_thread(own_postgresql.start)
        await second.start()
        first.process.send_signal(signal.SIGCONT)
        bye = asyncio.create_task(ben.request("BYE", 20.0))
        async with asyncio.timeout(30):
            await first.process.wait()
        assert await bye, "the call got its goodbye"
        assert first.process.returncode == 1
        assert first.log().splitlines()[-1].endswith("is in use by another switch")
        assert "Traceback" not in first.log()
        assert await second.stop() == 0
    await first.start()
    assert [record["outcome"] for record in first.calls()] != ["interrupted"], "from the spool"
    assert await first.stop() == 0
