"""A process that is killed: everything that it had acknowledged is there."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from softswitch.store.store import Store

WRITER = """
import asyncio, sys
from softswitch.store.store import Store
from softswitch.store.bindings import save
from softswitch.store.calls import CallStart, insert_call
from tests.store.rows import binding

async def acknowledge(store, number):
    await store.write(save(binding(number)))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()

async def main():
    store = await Store.open(sys.argv[1])
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


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/switch.db"
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, stdout=PIPE)
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
    store = await Store.open(url)
    assert store.interrupted == 1
    present = {row.id for row in await store.load_bindings()}
    assert present.issuperset(acknowledged)
    await store.close()
