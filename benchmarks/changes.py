"""How soon a call is answered while 10,000 extensions are changed by the API in one go.

    python benchmarks/changes.py --extensions 10000

A phone calls the echo, again and again: while nothing changes, while so many extensions are added,
while all of them are changed, and while all are removed. What counts is the time from its INVITE
with credentials to the 200. The pieces of the loop are told, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.loop_meter import VARIABLE, blocked
from benchmarks.quiet import QUIET
from tests.system.peer import Peer, peers, status
from tests.system.program import Program

SETTINGS = """
[[extensions]]
range = "2000-2099"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""
ALONE = 3.0
"Seconds of calls while nothing changes."


def changes(action: str, count: int) -> bytes:
    """So many changes of that kind, as the API takes them."""
    wanted = []
    for number in (str(300_000 + each) for each in range(count)):
        change: dict[str, Any] = {"action": action, "collection": "extensions"}
        if action == "add":
            change["entry"] = {"number": number, "password": "p"}
        else:
            change["name"] = number
        if action == "change":
            change["entry"] = {"name": "New"}
        wanted.append(change)
    return json.dumps({"changes": wanted}).encode()


async def ask(program: Program, body: bytes) -> None:
    """Make these changes."""
    url = f"http://127.0.0.1:{program.http_port}/v1/changes"
    login = {
        "Authorization": aiohttp.encode_basic_auth("admin", "pw-admin"),
        "Content-Type": "application/json",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=login) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def calls(phone: Peer, until: asyncio.Task[None]) -> list[float]:
    """Call, hang up, and so on until something is done: seconds until each answer, sorted."""
    waits = []
    while not until.done():
        invite = await phone.invite("600")
        began = time.perf_counter()
        answer = await phone.answer_to(invite)
        waits.append(time.perf_counter() - began)
        assert status(answer) == 200, answer
        await phone.established(invite, answer).hang_up()
        await asyncio.sleep(0.01)
    await until
    return sorted(waits)


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        meter = directory / "pieces.json"
        os.environ[VARIABLE] = str(meter)
        program = Program(directory, QUIET + SETTINGS, module="benchmarks.loop_meter")
        await program.start()
        lines = []
        try:
            async with peers(program, "2000") as (phone,):
                for action in ("", "add", "change", "remove"):
                    body = changes(action, arguments.extensions)
                    await asyncio.sleep(1)
                    began = time.monotonic()
                    work = ask(program, body) if action else asyncio.sleep(ALONE)
                    waits = await calls(phone, asyncio.create_task(work))
                    lines.append((action or "none", began, time.monotonic(), waits))
        finally:
            await program.stop()
        for action, began, ended, waits in lines:
            print(
                f"{action:7} {ended - began:5.2f} s, {len(waits)} calls, answered after "
                f"{waits[len(waits) // 2] * 1000:.0f} ms, at most {waits[-1] * 1000:.0f} ms; "
                f"{blocked(meter, began, ended)}"
            )
        print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--extensions", type=int, default=10_000)
    asyncio.run(main(parser.parse_args()))
