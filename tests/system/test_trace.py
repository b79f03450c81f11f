"""The trace of calls with real phones, as an operator gets it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.system.application import application
from tests.system.peer import Dialog, Peer, peers, status, talk
from tests.system.program import REPOSITORY, Program, running, until
from tests.system.test_commands import sound_file, with_application
from tests.system.voices import Voice

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
        assert [line for line in up["lines"] if line not in lines] == []
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
        assert page["lines"] == lines[1:3] and page["total"] >= shown["total"]


SCRIPT = """<Response>
  <Beep Duration="300"/>
  <Play>prompt.wav</Play>
  <UserInput ID="pin" Digits="4" Timeout="5"/>
  <UserInput ID="choice" Digits="1" Timeout="5"/>
  <Var ID="told" Value="$pin-$choice"/>
  <Var ID="password" Value="geheim"/>
  <Hangup/>
</Response>"""


async def press(dialog: Dialog, keys: str) -> None:
    """Press keys as phones do that send them by INFO."""
    for key in keys:
        body = f"Signal={key}\r\nDuration=100\r\n"
        asked = dialog.request("INFO", body, "Content-Type: application/dtmf-relay")
        assert status(await dialog.peer.ask(asked)) == 200
        await asyncio.sleep(0.1)


async def scripted_call(program: Program, caller: Peer) -> str:
    """A call to the application; its id."""
    voice = Voice()
    await voice.open()
    invite = await caller.invite("9000", voice.describe())
    answer = await caller.answer_to(invite)
    assert status(answer) == 200
    dialog = caller.established(invite, answer)
    ((row),) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
    call_id = str(row["CallId"])  # type: ignore[index]
    await asyncio.sleep(1.2)
    await press(dialog, "4711")
    await press(dialog, "5")
    caller.respond(await caller.request("BYE"), 200)
    await voice.close()
    return call_id


@pytest.mark.timeout(120)
async def test_a_script_is_told_step_by_step_and_outlives_a_restart(tmp_path: Path) -> None:
    sound_file(tmp_path, "prompt.wav", 500, 0.4)
    async with application() as app:
        app.answers["/incoming"] = SCRIPT
        settings = with_application(app).replace("/incoming", "/incoming?token=geheim")
        settings += "\n[trace]\nmedia_interval = 0.5\n"
        async with running(tmp_path, settings) as program, peers(program, "1000") as (anna,):
            call_id = await scripted_call(program, anna)
            await until(lambda: [each["outcome"] for each in program.calls()] == ["answered"])
        async with running(tmp_path, settings) as again:
            shown = await trace_of(again, call_id)
    lines = shown["lines"]
    assert shown["ended"] is not None and shown["truncated"] == 0
    assert not [line for line in lines if "4711" in str(line) or "geheim" in str(line)]

    def of(kind: str) -> list[tuple[str, dict[str, Any]]]:
        return [(line["what"], line["facts"]) for line in lines if line["kind"] == kind]

    (asked,) = [facts for _, facts in of("application") if facts["notification"] == "IncomingCall"]
    assert asked["url"] == app.url("/incoming") and asked["status"] == "200"
    assert asked["milliseconds"] >= 0 and asked["body"].startswith("<Response>")
    script = of("script")
    assert [what for what, _ in script] == [
        *("script started", "Beep", "Play", "UserInput", "UserInput", "Var", "Var", "Hangup"),
        "script ended",
    ]
    assert [facts["line"] for _, facts in script[1:-1]] == [2, 3, 4, 5, 6, 7, 8]
    assert script[5][1]["Value"] == "***-5" and script[6][1]["Value"] == "***"
    assert [what for what, _ in of("key")] == [*"????", "5"]
    sounds = dict(of("sound"))
    assert sounds["beep ended"]["milliseconds"] == pytest.approx(300, abs=40)
    assert sounds["play ended"]["milliseconds"] == pytest.approx(400, abs=40)
    assert sounds["play ended"]["file"].endswith("prompt.wav")
    assert any(facts["packets_out"] > 20 for _, facts in of("media")), of("media")
    ((what, facts),) = of("end")
    assert (what, facts["by"]) == ("answered", "command")


@pytest.mark.timeout(120)
async def test_a_call_is_told_in_the_terminal(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program:
        async with peers(program, "1000", "1001") as (alice, bob):
            code, told = await program.v1("GET", "traces/recent")
            assert code == 200, told
            recent = told["next"]
            caller, _ = await talk(alice, bob)
            ((row),) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
            call_id = str(row["CallId"])  # type: ignore[index]
            await caller.hang_up()
        await until(lambda: [each["outcome"] for each in program.calls()] == ["answered"])
        _, new = await program.v1("GET", f"traces/recent?after={recent}")
        assert {line["call_id"] for line in new["lines"]} == {call_id} and not new["missed"]
        assert "INVITE" in new["lines"][0]["what"]
        code, drawn = await program.terminal("trace", call_id)
        assert code == 0 and drawn.splitlines()[0].split() == ["1000", "switch", "1001"], drawn
        assert drawn.count("INVITE ") >= 2 and drawn.count("BYE ") >= 2
        code, told = await program.terminal("trace", call_id, "--json")
        assert [json.loads(line)["kind"] for line in told.splitlines()].count("end") == 1
        code, whole = await program.terminal("trace", call_id, "--sip")
        assert code == 0 and "    Call-ID: " in whole
        file = tmp_path / "call.pcap"
        code, said = await program.terminal("trace", call_id, "--pcap", str(file))
        assert code == 0 and file.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1", said
        assert (await program.terminal("trace", "nothing"))[0] == 1
        assert (await program.terminal("trace"))[0] == 2


@pytest.mark.timeout(120)
async def test_what_happens_now_is_shown_in_the_terminal(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001") as (alice, bob),
        asyncio.TaskGroup() as beside,
    ):
        follows = beside.create_task(followed_lines(program))
        while not follows.done():  # nothing tells when the terminal has begun to look
            caller, _ = await talk(alice, bob)
            await caller.hang_up()
            await bob.request("BYE")
            await asyncio.sleep(0.5)
        assert any("switch ◀ 1000 INVITE" in line for line in follows.result())
        assert any("switch ▶ 1001 BYE" in line for line in follows.result())


async def followed_lines(program: Program) -> list[str]:
    """What `softswitch trace --follow` shows until a call has ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "softswitch", "trace", "--follow"),
        *("--config", str(program.settings_file)),
        cwd=program.directory,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    shown: list[str] = []
    try:
        async with asyncio.timeout(30):
            while line := await process.stdout.readline():
                shown.append(line.decode())
                if " answered by=" in shown[-1]:
                    break
    finally:
        process.kill()
        await process.wait()
    return shown
