"""The trace of calls with real phones, as an operator gets it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.system.peer import peers, talk
from tests.system.program import Program, running, until

SETTINGS = "\n".join(
    f'[[extensions]]\nnumber = "100{n}"\ntype = "phone"\npassword = "pw100{n}"' for n in range(3)
)
APPLICATIONS = "\n".join(
    f'[[http.users]]\nusername = "{name}"\npassword = "pw"\nrole = "application"\n'
    f'extensions = ["{number}"]'
    for name, number in (("mine", "1001"), ("other", "1002"))
)


async def trace_of(program: Program, call_id: str) -> dict[str, Any]:
    """The trace of a call."""
    status, shown = await program.v1("GET", f"calls/{call_id}/trace")
    assert status == 200, shown
    return dict(shown)


async def status_for(program: Program, user: str, path: str) -> int:
    """What a path answers to a user."""
    url = f"http://127.0.0.1:{program.http_port}/v1/{path}"
    login = {"Authorization": aiohttp.encode_basic_auth(user, "pw")}
    async with aiohttp.ClientSession() as session, session.get(url, headers=login) as answer:
        return answer.status


@pytest.mark.timeout(90)
async def test_a_call_has_a_timeline_while_it_lasts_and_afterwards(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS + "\n" + APPLICATIONS) as program:
        async with peers(program, "1000", "1001") as (alice, bob):
            caller, _ = await talk(alice, bob)
            ((row),) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
            call_id = row["CallId"]  # type: ignore[index]
            up = await trace_of(program, call_id)
            assert up["ended"] is None
            await caller.hang_up()
        await until(lambda: [each["outcome"] for each in program.calls()] == ["answered"])
        await asyncio.sleep(0.2)
        shown = await trace_of(program, call_id)
        lines = shown["lines"]
        assert shown["ended"] is not None and shown["truncated"] == 0
        assert lines[: len(up["lines"])] == up["lines"]
        assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
        sip = [
            (line["party"], line["direction"], line["what"].split()[0])
            for line in lines
            if line["kind"] == "sip"
        ]
        for expected in (
            ("1000", "in", "INVITE"),
            ("1001", "out", "INVITE"),
            ("1001", "in", "200"),
            ("1000", "out", "200"),
            ("1000", "in", "BYE"),
            ("1001", "out", "BYE"),
        ):
            assert expected in sip, sip
        assert "response=" not in str(lines) and 'username="1000", ***' in str(lines)
        states = [line["what"] for line in lines if line["kind"] == "state"]
        assert states[-1] == "Completed", states
        (end,) = [line for line in lines if line["kind"] == "end"]
        assert (end["what"], end["facts"]["by"]) == ("answered", "caller")
        status, capture = await program.v1("GET", f"calls/{call_id}/trace.pcap")
        assert status == 200 and capture[:4] == b"\xd4\xc3\xb2\xa1"
        assert capture.count(b"INVITE sip:1001@") >= 2
        for path in (f"calls/{call_id}/trace", f"calls/{call_id}/trace.pcap"):
            assert await status_for(program, "mine", path) == 200
            assert await status_for(program, "other", path) == 404
            assert await status_for(program, "nobody", path) == 401
        assert (await program.v1("GET", "calls/nothing/trace"))[0] == 404
        assert (await program.v1("GET", f"calls/{call_id}/trace?limit=1001"))[0] == 400
        _, page = await program.v1("GET", f"calls/{call_id}/trace?offset=1&limit=2")
        assert page["lines"] == lines[1:3] and page["total"] == shown["total"]
