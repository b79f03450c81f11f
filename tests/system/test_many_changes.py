"""Ten thousand extensions change at once, and calls notice nothing but their settings."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.ports import free_port, media_ports
from tests.system.peer import peers, status
from tests.system.program import Program, running, until
from tests.system.sipp import Sipp
from tests.system.test_load import users

MANY = 10_000
IN_TIME = 2.0
"Seconds until a call is answered, on a machine that does much else."
CPU_SECONDS = 1.5
"Of the signalling process for a reload beside 100 calls, which take a part of it."
FILE = """
[guard]
trusted = ["127.0.0.1/32"]
[logging]
level = "warning"
[[extensions]]
range = "2000-2099"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


def many(name: str) -> str:
    """So many phones in the words of the settings file."""
    return "".join(
        f'[[extensions]]\nnumber = "{500_000 + each}"\ntype = "phone"\n'
        f'name = "{name} {each}"\npassword = "pw{each}"\n'
        for each in range(MANY)
    )


@pytest.mark.timeout(240)
async def test_a_call_is_answered_while_ten_thousand_extensions_change(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program, peers(program, "2000") as (caller,):
        for action in ("add", "change", "remove"):
            changes = [
                {"action": action, "collection": "extensions"}
                | ({"entry": {"number": number, "password": "p"}} if action == "add" else {})
                | ({"name": number, "entry": {"name": "New"}} if action == "change" else {})
                | ({"name": number} if action == "remove" else {})
                for number in (str(300_000 + each) for each in range(MANY))
            ]
            changing = asyncio.create_task(program.v1("POST", "changes", {"changes": changes}))
            waits = []
            while not changing.done():
                began = time.perf_counter()
                invite = await caller.invite("600")
                answer = await caller.answer_to(invite)
                waits.append(time.perf_counter() - began)
                assert status(answer) == 200
                await caller.established(invite, answer).hang_up()
                await asyncio.sleep(0.1)
            assert await changing == (200, {"changed": MANY})
            assert max(waits) < IN_TIME, waits
        assert (await program.v1("GET", "phones"))[1]["total"] == 1


@pytest.mark.timeout(240)
async def test_a_reload_of_ten_thousand_extensions_under_a_hundred_calls(tmp_path: Path) -> None:
    first, _ = media_ports()
    async with running(tmp_path, FILE + many("Old"), media_ports=(first, first + 499)) as program:
        target, callee = f"127.0.0.1:{program.sip_port}", free_port()
        registering = Sipp(tmp_path, "register", port=free_port())
        await registering.start(target, calls=100, rate=50, users=users(callee))
        assert (await registering.finish()).failed == 0
        answering = Sipp(tmp_path, "callee", port=callee)
        await answering.start(target)
        calling = Sipp(tmp_path, "caller", port=free_port())
        await calling.start(target, calls=100, rate=25, users=users(callee), hold_ms=25_000)
        await program.until_metric("softswitch_calls", 100, 20)
        skipped = await program.metric("softswitch_media_ticks_skipped_total")
        text = program.settings_file.read_text()
        program.settings_file.write_text(text.replace('name = "Old', 'name = "New'))
        began = program.cpu_seconds()
        code, told = await program.v1("POST", "reload")
        spent = program.cpu_seconds() - began
        assert (code, told["entries"]) == (
            200, {"extensions": {"added": 0, "changed": MANY, "removed": 0}},
        )  # fmt: skip
        assert spent < CPU_SECONDS
        assert await program.metric("softswitch_calls") == 100
        called = await calling.finish(90)
        await answering.stop()
        assert (called.successful, called.failed) == (100, 0), called.text
        assert await program.metric("softswitch_media_ticks_skipped_total") == skipped
        await until_shown(program)


async def until_shown(program: Program) -> None:
    """The new settings are those that are shown."""
    _, page = await program.v1("GET", "extensions?limit=3")
    assert page["entries"][2]["entry"]["name"] == "New 0"
    await until(lambda: "Traceback" not in program.log())
