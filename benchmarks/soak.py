"""Whether anything grows: rounds of mixed load, and what is left of each when it is over.

    python benchmarks/soak.py --minutes 60

A round is the traffic of `mixed_load.py`, all at once; then the switch rests until the last timer
of it has run out, and is looked at. What is counted has to be as it was after the second round, but
for a tenth. Memory is told with what it grew for a thousand calls; it settles in the first rounds.
The media workers and their speech engines count as one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mixed_load import SETTINGS, Made, MixedLoad
from benchmarks.quiet import QUIET
from tests.ports import media_ports
from tests.system.program import Program

COUNTED = ("calls", "dialogs", "client_transactions", "server_transactions", "timers", "tasks")
"Metrics that have to be the same after every round."
DESCRIPTORS = ("descriptors", "media descriptors")
MEMORY = ("memory MB", "media MB")
TOLERANCE = 1.1
SLACK = 5
"How many times as many there may be, and how many more besides."
REST = 65.0
"Seconds after which no timer of an ended call is left: they last a minute at most."


def children(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have started."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from children(child)


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid: int) -> float:
    """Resident megabytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def look(program: Program) -> dict[str, float]:
    """What is there now."""
    assert program.process is not None
    figures = {name: await program.metric(f"softswitch_{name}") for name in COUNTED}
    pid = program.process.pid
    media = list(children(pid))
    figures["descriptors"] = descriptors(pid)
    figures["media descriptors"] = sum(map(descriptors, media))
    figures["memory MB"] = round(memory(pid), 1)
    figures["media MB"] = round(sum(map(memory, media)), 1)
    return figures


def show(number: int, at: float, figures: Mapping[str, float]) -> None:
    """One line of the table."""
    text = "  ".join(f"{name} {value:g}" for name, value in figures.items())
    print(f"{number:3}  {at / 60:5.1f} min  {text}", flush=True)


def verdict(rounds: list[dict[str, float]], made: Made, calls: int) -> bool:
    """Print what was made, and what grew in `calls` calls; whether nothing did."""
    print(f"in all: {made}")
    first, last = rounds[min(1, len(rounds) - 1)], rounds[-1]
    for name in MEMORY:
        grown = last[name] - first[name]
        print(
            f"{name} {grown:+.1f} in {calls} calls, {1e3 * grown / max(1, calls):+.2f} a thousand"
        )
    more = {
        name: last[name] - first[name]
        for name in (*COUNTED, *DESCRIPTORS)
        if last[name] > TOLERANCE * first[name] + SLACK
    }
    print("everything that is counted is flat" if not more else f"grown: {json.dumps(more)}")
    return not more


async def main(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = Program(
            folder, QUIET + SETTINGS, media_ports=media_ports(0, 2), database=arguments.database
        )
        load = MixedLoad(program, folder)
        await program.start()
        rounds: list[dict[str, float]] = []
        made, calls, began = Made(), 0, time.monotonic()
        try:
            await load.start()
            while not rounds or time.monotonic() - began < 60 * arguments.minutes:
                new = await load.run(arguments.rate, arguments.round)
                made.add(new)
                calls += new.calls() if len(rounds) > 1 else 0
                print(f"   {new}", flush=True)
                await asyncio.sleep(REST)
                rounds.append(await look(program))
                show(len(rounds), time.monotonic() - began, rounds[-1])
        finally:
            await load.stop()
            await program.stop()
        return 0 if verdict(rounds, made, calls) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--round", type=float, default=120, help="seconds of load in a round")
    parser.add_argument("--rate", type=float, default=3, help="of each main kind, a second")
    parser.add_argument("--database", default=None, help="storage.url; default: SQLite")
    sys.exit(asyncio.run(main(parser.parse_args())))
