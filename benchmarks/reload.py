"""What a reload of 10,000 extensions does to a switch with calls: pieces of its loop, ticks, CPU.

    python benchmarks/reload.py --extensions 10000 --calls 100 --rounds 3

SIPp makes calls with sound to the echo, so that the media worker has its ticks to hold. Then the
file is read again as it is, with one extension changed, with all of them changed, and with a
mistake in its last one. Before each the switch is looked at for as long without a reload.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.loop_meter import VARIABLE, blocked
from benchmarks.quiet import QUIET
from tests.ports import free_port, media_ports
from tests.system.program import REPOSITORY, Program
from tests.system.sipp import Sipp

SETTINGS = """
[[extensions]]
range = "2000-2999"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""
KINDS = ("unchanged", "one changed", "all changed", "a mistake")
SKIPPED = "softswitch_media_ticks_skipped_total"
AFTERWARDS = 1.5
"Seconds that belong to a reload behind its answer: what is left to do, and a report of the media."


class File:
    """The settings file, whose extensions change from reload to reload."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._name = self._last = "Old"
        self._changes = 0

    def text(self, kind: str = "unchanged") -> str:
        """The settings as a reload of that kind finds them."""
        self._changes += 1
        if kind == "all changed":
            self._name = self._last = f"Name {self._changes}"
        elif kind == "one changed":
            self._last = f"One {self._changes}"
        phones = "".join(
            f'[[extensions]]\nnumber = "{500_000 + each}"\ntype = "phone"\n'
            f'name = "{self._last if each == self._count - 1 else self._name} {each}"\n'
            f'password = "pw{each}"\n'
            for each in range(self._count)
        )
        return QUIET + SETTINGS + phones + ("nonsense = 1\n" if kind == "a mistake" else "")


class Window(NamedTuple):
    """A while that is looked at."""

    kind: str
    "Of the reload in it; empty without one."
    began: float
    ended: float
    took: float
    "Seconds until the reload was answered."
    cpu: float
    "Seconds that the signalling process computed."
    late: float
    "Seconds that the latest tick of the media was late."


class Watch:
    """Looks at the ticks of the media."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.late = 0.0

    async def run(self) -> None:
        while True:
            name = "softswitch_media_tick_lateness_seconds"
            self.late = max(self.late, await self._program.metric(name))
            await asyncio.sleep(0.5)


async def look(program: Program, kind: str) -> Window:
    """A window with a reload of that kind, or without one."""
    watch = Watch(program)
    watching = asyncio.create_task(watch.run())
    began, cpu, took = time.monotonic(), program.cpu_seconds(), 0.0
    if kind:
        status, told = await program.v1("POST", "reload")
        took = time.monotonic() - began
        assert status == (422 if kind == "a mistake" else 200), (status, told)
    await asyncio.sleep(AFTERWARDS)
    ended, spent = time.monotonic(), program.cpu_seconds() - cpu
    watching.cancel()
    return Window(kind, began, ended, took, spent, watch.late)


async def call(program: Program, directory: Path, calls: int) -> Sipp:
    """SIPp with so many calls to the echo that last, and a tone in each."""
    (directory / "benchmarks").symlink_to(REPOSITORY / "benchmarks")
    sipp = Sipp(directory, "media", port=free_port(), media_port=media_ports(1, 2)[0])
    await sipp.start(
        f"127.0.0.1:{program.sip_port}",
        calls=calls,
        rate=25,
        users=[
            (str(user), f"[authentication username={user} password=pw{user}]")
            for user in range(2000, 3000)
        ],
        hold_ms=600_000,
        more=("-max_socket", "1000"),
    )
    await program.until_metric("softswitch_calls", calls, 30)
    await asyncio.sleep(2)
    return sipp


async def measure(arguments: argparse.Namespace, directory: Path) -> None:
    calls, file = arguments.calls, File(arguments.extensions)
    meter = directory / "pieces.json"
    os.environ[VARIABLE] = str(meter)
    program = Program(
        directory, file.text(), media_ports=media_ports(0, 2), module="benchmarks.loop_meter"
    )
    windows: list[Window] = []
    await program.start()
    sipp = None
    try:
        sipp = await call(program, directory, calls)
        skipped = await program.metric(SKIPPED)
        for kind in KINDS * arguments.rounds:
            program.settings = file.text(kind)
            program.write_settings()
            await asyncio.sleep(1)
            windows.append(await look(program, ""))
            windows.append(await look(program, kind))
        skipped = await program.metric(SKIPPED) - skipped
        assert await program.metric("softswitch_calls") == calls
    finally:
        if sipp is not None:
            await sipp.stop()
        await program.stop()
    for each in windows:
        print(
            f"{each.kind or 'no reload':11} {each.took:5.2f} s, "
            f"{blocked(meter, each.began, each.ended)}, {each.cpu:.2f} s CPU in "
            f"{each.ended - each.began:.1f} s, latest tick {each.late * 1000:.1f} ms"
        )
    print(f"{skipped:g} ticks skipped; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--extensions", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2)
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(parser.parse_args(), Path(name)))
