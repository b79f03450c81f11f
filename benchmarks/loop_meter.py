"""The switch with a look at its event loop: `python -m benchmarks.loop_meter serve --config FILE`.

A timer is due every millisecond. What lies between two of its calls is a piece of the loop's work:
how long it took by the clock, how much of that its thread computed, and how long it waited for a
processor that other programs had. In the rest it waited for the interpreter, which another thread
of the switch had. Pieces of more than `WORTH` are written to the file that `LOOP_METER` names, when
the switch ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from threading import get_native_id
from typing import Any, NamedTuple

import uvloop

from softswitch.cli.main import main as terminal

EVERY = 0.001
"Seconds between two calls of a loop that has nothing else to do."
WORTH = 0.002
"Seconds of a piece that is noted, and counts as the loop being blocked."
VARIABLE = "LOOP_METER"


class Piece(NamedTuple):
    """What the loop did without looking at anything else."""

    ended: float
    "Seconds of the clock that all processes of the machine share."
    seconds: float
    cpu: float
    "Seconds that the thread of the loop computed."
    queued: float
    "Seconds that it waited for a processor."


class Meter:
    """Notes the long pieces of the running loop."""

    def __init__(self, pieces: list[Piece]) -> None:
        """They are added to `pieces`."""
        self._pieces = pieces
        self._loop = asyncio.get_running_loop()
        self._statistics = os.open(f"/proc/self/task/{get_native_id()}/schedstat", os.O_RDONLY)
        self._at, self._cpu, self._queued = time.monotonic(), *self._spent()
        self._loop.call_later(EVERY, self._look)

    def _spent(self) -> tuple[float, float]:
        """Seconds that the thread has computed, and has waited for a processor."""
        computed, queued, _ = os.pread(self._statistics, 100, 0).split()
        return int(computed) / 1e9, int(queued) / 1e9

    def _look(self) -> None:
        now, (cpu, queued) = time.monotonic(), self._spent()
        seconds = now - self._at - EVERY
        if seconds > WORTH:
            self._pieces.append(Piece(now, seconds, cpu - self._cpu, queued - self._queued))
        self._at, self._cpu, self._queued = now, cpu, queued
        self._loop.call_later(EVERY, self._look)


class Blocked(NamedTuple):
    """What the pieces of a while come to, seconds."""

    longest: float
    "By the clock …"
    longest_own: float
    "… and without the time in which another program had the processor."
    longest_cpu: float
    total: float
    total_own: float

    def __str__(self) -> str:
        longest, own, cpu, total, total_own = (each * 1000 for each in self)
        return (
            f"longest piece {longest:.1f} ms (own {own:.1f}, CPU {cpu:.1f}), "
            f"blocked {total:.0f} ms (own {total_own:.0f})"
        )


def blocked(file: Path, began: float, ended: float) -> Blocked:
    """The pieces between two moments of the clock, of a switch that has ended."""
    pieces = [Piece(*each) for each in json.loads(file.read_text())]
    within = [each for each in pieces if began <= each.ended and each.ended - each.seconds <= ended]
    own = [each.seconds - each.queued for each in within]
    return Blocked(
        max((each.seconds for each in within), default=0.0),
        max(own, default=0.0),
        max((each.cpu for each in within), default=0.0),
        sum(each.seconds for each in within),
        sum(each for each in own if each > WORTH),
    )


def main() -> None:
    """Run the terminal, whose loop is looked at."""
    run = uvloop.run

    def run_metered(work: Coroutine[Any, Any, Any]) -> Any:
        pieces: list[Piece] = []

        async def metered() -> Any:
            Meter(pieces)
            return await work

        try:
            return run(metered())
        finally:
            Path(os.environ[VARIABLE]).write_text(json.dumps(pieces))

    uvloop.run = run_metered  # type: ignore[assignment]
    sys.argv[0] = "softswitch"
    terminal()


if __name__ == "__main__":
    main()
