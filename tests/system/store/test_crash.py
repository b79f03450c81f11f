"""A process that is killed: everything that it had acknowledged is there."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from softswitch.store.store import Store

WRITER = """
import asyncio, sys
from pathlib import Path
from softswitch.store.store import Store
from softswitch.store.bindings import save
from softswitch.store.calls import CallStart, insert_call
from tests.store.rows import binding

async def acknowledge(store, number):
    await store.write(save(binding(number)))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()

async def main():
    store = await Store.open(sys.argv[1], Path(sys.argv[2]))
    await store.write(insert_call(
        CallStart(call_id="open", start_time=5.0, source="1", caller_id="1", dialed="2")))
    number = 0
    while True:
        number += 1
        task = asyncio.create_task(acknowledge(store, number))
        if number % 20 == 0:
            await task

asyncio.run(main())
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_what_was_acknowledged_survives_a_kill(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url, spool = f"sqlite:///{tmp_path}/data/switch.db", tmp_path / "calls.spool"
    if database == "postgresql":
        url = request.getfixturevalue("postgresql").empty_database()
    words = (sys.executable, "-c", WRITER, url, str(spool))
    writer = await asyncio.create_subprocess_exec(*words, stdout=PIPE)
    assert writer.stdout is not None
    acknowledged = []
    try:
        while len(acknowledged) < 100:
            line = await writer.stdout.readline()
            assert line, "the writer ended by itself"
            if line.strip().isdigit():
                acknowledged.append(int(line))
    finally:
        writer.send_signal(signal.SIGKILL)
    rest, _ = await writer.communicate()
    acknowledged += [int(line) for line in rest.splitlines() if line.strip().isdigit()][:-1]
    store = await Store.open(url, spool)
    assert store.interrupted == 1
    present = {row.id for row in await store.load_bindings()}
    assert present.issuperset(acknowledged)
    await store.close()
