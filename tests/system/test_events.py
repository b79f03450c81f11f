"""Events reach whoever follows them, whatever is killed meanwhile; and calls do not wait for it."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.postgresql import mappings
from tests.system.peer import peers, talk
from tests.system.program import Program, running

CHANGES = 10_000
TOGETHER = 100
"Changes of one request, which are made all or not at all."
SWITCH_KILLS, READER_KILLS = 3, 6
SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[logging]
level = "warning"
[[extensions]]
range = "1000-1019"
type = "phone"
password = "pw{number}"
"""
LOGIN = {"Authorization": aiohttp.encode_basic_auth("admin", "pw-admin")}
READER = """
import sys, urllib.request
url, login, after, file = sys.argv[1:]
asked = urllib.request.Request(url, headers={"Authorization": login, "Last-Event-ID": after})
with urllib.request.urlopen(asked) as answer, open(file, "ab", buffering=0) as kept:
    while line := answer.readline():
        kept.write(line)
"""
"A reader that keeps what it is sent in a file, as it comes."


class Reader:
    """A process that follows the events, and begins again behind the last that it has whole."""

    def __init__(self, program: Program, file: Path) -> None:
        self.program = program
        self.file = file
        self.kill: Callable[[], None] = lambda: None
        self.file.touch()

    def events(self) -> list[dict[str, Any]]:
        """What it has whole."""
        blocks = self.file.read_text().split("\n\n")[:-1]
        data = (line for block in blocks for line in block.split("\n") if line[:5] == "data:")
        return [json.loads(line[5:]) for line in data]

    async def run(self) -> None:
        """Follow until cancelled, with a new process whenever one has ended."""
        url = f"http://127.0.0.1:{self.program.http_port}/v1/events"
        while True:
            whole = self.file.read_text().rpartition("\n\n")
            self.file.write_text(whole[0] + whole[1])  # half an event is none
            events = self.events()
            after = str(events[-1]["id"]) if events else "0"
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-S", "-c", READER, url, LOGIN["Authorization"], after,
                str(self.file), stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            self.kill = partial(end, process)
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            await asyncio.sleep(0.1)


def end(process: asyncio.subprocess.Process) -> None:
    """Kill it, if it runs still."""
    with suppress(ProcessLookupError):
        process.kill()


class Changes:
    """Ten thousand changes, a hundred a request, each made until the switch acknowledges it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.made = 0

    async def make_all(self) -> None:
        """Add address books and remove them again."""
        for first in range(0, CHANGES // 2, TOGETHER):
            names = [f"book-{first + each}" for each in range(TOGETHER)]
            await self._make(
                {"action": "add", "collection": "addressbooks", "entry": {"name": name}}
                for name in names
            )
            await self._make(
                {"action": "remove", "collection": "addressbooks", "name": name} for name in names
            )

    async def _make(self, changes: Iterable[dict[str, object]]) -> None:
        """Ask until they are acknowledged; what is refused then was made before a kill."""
        body = {"changes": list(changes)}
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                status, answer = await self.program.v1("POST", "changes", body)
                if status == 200 or is_made(answer):
                    break
                raise AssertionError(answer)
            await asyncio.sleep(0.05)
        self.made += TOGETHER


def is_made(answer: object) -> bool:
    """Whether what refuses changes is that they are made."""
    return any(each in json.dumps(answer) for each in ("is there already", "is not there"))


@pytest.mark.timeout(280)
async def test_every_change_arrives_in_order_though_both_sides_are_killed(tmp_path: Path) -> None:
    chance = random.Random(7)
    program = Program(tmp_path, SETTINGS)
    await program.start()
    changes, reader = Changes(program), Reader(program, tmp_path / "events.txt")
    following = asyncio.ensure_future(reader.run())
    making = asyncio.ensure_future(changes.make_all())
    try:
        victims = ["switch"] * SWITCH_KILLS + ["reader"] * READER_KILLS
        chance.shuffle(victims)
        for turn, victim in enumerate(victims, 1):
            from_here = CHANGES * turn / (len(victims) + 1)
            while changes.made < from_here and not making.done():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0, 0.2))
            if victim == "reader":
                reader.kill()
            else:
                await program.kill()
                await program.start()
        await making
        newest = max(row["id"] for row in mappings(program.database_url, "SELECT id FROM events"))
        async with asyncio.timeout(60):
            while not (events := reader.events()) or events[-1]["id"] != newest:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        for each in (following, making):
            each.cancel()
        await asyncio.gather(following, making, return_exceptions=True)
        await program.stop()
    kept = mappings(program.database_url, "SELECT id, body FROM events ORDER BY id")
    assert events == [json.loads(row["body"]) for row in kept]  # all of them, once, in order
    told = [
        (each["subject"], each["data"]["change"])
        for each in events if each["type"] == "settings.changed"
    ]  # fmt: skip
    assert len(told) == CHANGES
    assert set(told) == {
        (f"book-{each}", change)
        for each in range(CHANGES // 2) for change in ("added", "removed")
    }  # fmt: skip
    assert told[:TOGETHER] == [(f"book-{each}", "added") for each in range(TOGETHER)]


async def test_a_call_is_told_from_its_begin_to_its_end(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as (a, b):
        ours, _ = await talk(a, b)
        await ours.hang_up()
        b.respond(await b.request("BYE"), 200)
        found = await told(program, "call.ended")
    call = [each for each in found if each["type"].startswith("call.")]
    assert [each["type"] for each in call[:1] + call[-1:]] == ["call.started", "call.ended"]
    assert call[-1]["data"]["caller"]["number"] == "1000"
    assert call[-1]["data"]["outcome"] == "answered"
    assert call[-1]["data"]["ended_by"] == "caller"
    states = [each["data"]["state"] for each in call[:-1]]
    assert states == list(dict.fromkeys(states))
    assert states[-1] == "InCall"
    kinds = {each["type"] for each in found}
    assert {"registration.changed", "leg.changed"} <= kinds


async def test_a_call_that_a_crash_ends_is_told_as_interrupted(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS)
    await program.start()
    async with peers(program, "1000", "1001") as (a, b):
        await talk(a, b)
        await told(program, "call.started")
        await program.kill()
    async with running(
        tmp_path, SETTINGS, sip_port=program.sip_port, http_port=program.http_port
    ) as again:
        found = await told(again, "call.ended")
    assert found[-1]["data"]["outcome"] == "interrupted"
    assert found[-1]["subject"] == found[-1]["data"]["id"]


async def test_a_thousand_readers_leave_room_for_calls_and_requests(tmp_path: Path) -> None:
    asked = f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {LOGIN['Authorization']}\r\n\r\n"
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as (a, b):
        writers, statuses = [], Counter[bytes]()

        async def follow() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", program.http_port)
            writers.append(writer)
            with suppress(ConnectionError):
                writer.write(asked.encode())
                statuses[(await reader.readline())[9:12]] += 1

        await asyncio.gather(*(follow() for _ in range(1000)))
        # Who finds no connection is cut off; who finds one hears why there is no place.
        assert statuses[b"200"] == 100
        assert statuses.keys() <= {b"200", b"503", b""}
        ours, _ = await talk(a, b)
        await ours.hang_up()
        b.respond(await b.request("BYE"), 200)
        assert (await program.v1("GET", "calls"))[0] == 200
        for writer in writers:
            writer.close()
        await program.until_metric("softswitch_event_clients", 0, 30)


async def told(program: Program, kind: str) -> list[dict[str, Any]]:
    """All events, once there is one of that type."""
    url = f"http://127.0.0.1:{program.http_port}/v1/events?after=0&limit=1000"
    async with asyncio.timeout(20), aiohttp.ClientSession(headers=LOGIN) as session:
        while True:
            async with session.get(url, headers={"Accept": "application/json"}) as answer:
                found = list((await answer.json())["events"])
            if any(each["type"] == kind for each in found):
                return found
            await asyncio.sleep(0.1)
