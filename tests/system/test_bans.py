"""Guessing at the running program: it is counted, banned, listed, logged, and lifted."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.system.peer import Peer, header, peers, status
from tests.system.program import Program, running

PHONES = """
[guard]
failures = 5
failure_window = 60
ban_time = 300
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""
TRIES = 300


def challenge_from(host: str, program: Program, text: str) -> str:
    """The 401 that the switch sends to another address of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind((host, 0))
        elsewhere.settimeout(5)
        elsewhere.sendto(text.encode(), ("127.0.0.1", program.sip_port))
        return elsewhere.recv(4096).decode()


async def bans(program: Program, *words: str) -> tuple[int, str]:
    """`softswitch bans …`: its exit code and what it printed."""
    return await program.terminal("bans", *words)


async def answers(guesser: Peer, count: int, challenge: str) -> list[str]:
    """What comes back for so many passwords, none of which is right."""
    heard = []
    for number in range(count):
        guesser.password = f"guess{number}"
        guesser.send(guesser.proven(guesser.new("REGISTER", None), challenge))
    with pytest.raises(AssertionError, match="not heard"):
        while True:
            heard.append(await guesser.hear(lambda said: status(said) >= 200, seconds=1.0))
    return heard


async def test_guesses_with_a_nonce_of_another_address_end_after_five(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000") as (guesser,):
        challenge = challenge_from("127.0.0.2", program, guesser.new("REGISTER", None))
        heard = await answers(guesser, TRIES, challenge)
        assert [status(said) for said in heard] == [401] * 5
        assert not any("stale=true" in said for said in heard)
        guesser.password = "pw1000"
        with pytest.raises(AssertionError, match="not heard"):
            await guesser.final(guesser.proven(guesser.new("REGISTER", None), challenge), 1.0)
        own = await guesser.final(guesser.new("REGISTER", None))
        right = guesser.proven(guesser.new("REGISTER", None), own)
        assert status(await guesser.final(right)) == 200, "its own challenge proves its address"
        lines = [line for line in program.log().splitlines() if "type=FailedACL" in line]
        assert len(lines) == 2
        assert "banned_seconds=300" in lines[0]
        assert "dropping_seconds=300" in lines[1]


async def test_a_ban_is_listed_and_lifted_from_the_terminal(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000", "1001") as both:
        guesser, other = both
        assert await bans(program) == (0, "nobody is banned\n")
        own = await guesser.final(guesser.new("REGISTER", None))
        heard = await answers(guesser, 20, own)
        assert len(heard) == 5
        assert not any(header(said, "WWW-Authenticate").count("stale") for said in heard)
        await other.register()  # only that account of that source is banned
        code, table = await bans(program)
        assert (code, "SIP" in table, "127.0.0.1" in table, "1000" in table) == (0, *[True] * 3)
        assert (await bans(program, "lift"))[0] == 2
        assert (await bans(program, "lift", "192.0.2.1")) == (1, "no ban fits\n")
        code, told = await bans(program, "lift", "hello")
        assert (code, told.startswith("'hello' is no source, expected an address")) == (2, True)
        assert await bans(program, "lift", "127.0.0.1") == (0, "1 ban lifted\n")
        guesser.password = ""
        await guesser.register()
        assert await bans(program) == (0, "nobody is banned\n")
        assert program.log().count("dropping_seconds") == 1


async def test_the_right_password_is_answered_again_when_the_ban_is_over(tmp_path: Path) -> None:
    settings = PHONES.replace("ban_time = 300", "ban_time = 4")
    async with running(tmp_path, settings) as program, peers(program, "1000") as (guesser,):
        own = await guesser.final(guesser.new("REGISTER", None))
        await answers(guesser, 5, own)
        guesser.password = ""
        right = guesser.proven(guesser.new("REGISTER", None), own)
        with pytest.raises(AssertionError, match="not heard"):
            await guesser.final(right, 0.3)
        await asyncio.sleep(4)
        await guesser.register()


async def test_who_guesses_at_http_users_is_lifted_at_the_terminal(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, PHONES) as program:
        for number in range(20):
            text = await program.get("/api", command="X", username="admin", password=f"{number}")
            assert ("<Code>305<" in text) == (number < 5)
        code, table = await bans(program)
        assert (code, "HTTP" in table, "admin" in table) == (0, True, True)
        assert await bans(program, "lift", "--service", "HTTP") == (0, "1 ban lifted\n")
        assert await bans(program) == (0, "nobody is banned\n")
