"""When media fails: a worker that is killed, a phone that falls silent."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.system.peer import header, media_address, peers, status, talk
from tests.system.program import Program, running, until

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


def workers_of(program: Program) -> list[int]:
    """The processes that carry media: the program's children whose command says so."""
    assert program.process is not None
    parent = program.process.pid
    tasks = Path(f"/proc/{parent}/task")
    children = {
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    }
    return [
        child
        for child in children
        if b"media" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    ]


async def test_a_killed_worker_ends_its_calls_and_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        await talk(anna, ben)
        (worker,) = workers_of(program)
        os.kill(worker, signal.SIGKILL)
        for phone in (anna, ben):
            bye = await phone.request("BYE", seconds=5)
            assert "media worker died" in header(bye, "Reason")
            phone.respond(bye, 200)
        await until(lambda: bool(program.calls()[0]["end_time"]))
        (record,) = program.calls()
        assert (record["ended_by"], record["reason"]) == ("system", "media worker died")
        await program.until_metric("softswitch_media_workers", 1)
        assert await program.metric("softswitch_media_worker_restarts_total") == 1
        invite = await anna.invite("600")
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        echo = anna.established(invite, answer)
        await anna.rtp.send(media_address(echo.text), 25)
        await until(lambda: len(anna.rtp.packets) >= 20)
        await echo.hang_up()


async def test_a_call_without_media_ends(tmp_path: Path) -> None:
    overrides = {"MEDIA__TIMEOUT": "2"}
    async with (
        running(tmp_path, SETTINGS, overrides=overrides) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        ours, _ = await talk(anna, ben)
        sending = asyncio.create_task(anna.rtp.send(media_address(ours.text), 20))
        for phone in (anna, ben):
            bye = await phone.request("BYE", seconds=7)
            assert "media timeout" in header(bye, "Reason")
            phone.respond(bye, 200)
        await sending
        await until(lambda: bool(program.calls()[0]["end_time"]))
        assert program.calls()[0]["reason"] == "media timeout"
        await until(lambda: "party=callee" in program.log())
        assert "one-way audio: no packet came from 127.0.0.1" in program.log()


@pytest.mark.parametrize(("grace", "patience"), [("0", 1.0), ("2", 3.0)])
async def test_sigterm_lets_calls_end_and_then_says_goodbye(
    tmp_path: Path, grace: str, patience: float
) -> None:
    program = Program(tmp_path, SETTINGS, overrides={"SHUTDOWN__GRACE_TIME": grace})
    await program.start()
    async with peers(program, "1000", "1001") as (anna, ben):
        await talk(anna, ben)
        assert program.process is not None
        program.process.send_signal(signal.SIGTERM)
        if float(grace):
            await until(lambda: "draining" in program.log())
            refused = await anna.answer_to(await anna.invite("600"))
            assert status(refused) == 503
            assert header(refused, "Retry-After")
            with pytest.raises(AssertionError, match="not heard"):
                await ben.request("BYE", seconds=0.5)
        for phone in (anna, ben):
            phone.respond(await phone.request("BYE", seconds=patience + 2), 200)
        async with asyncio.timeout(10):
            assert await program.process.wait() == 0
    (record,) = program.calls()
    assert record["outcome"] == "answered"
    assert "Traceback" not in program.log()
