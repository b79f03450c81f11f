"""The switch with a look at its event loop: `python -m benchmarks.loop_meter serve --config FILE`.

A timer is due every millisecond. What lies between two of its calls is a piece of the loop's work:
how long it took by the clock, and how much of that its thread computed; in the rest it waited for
the interpreter, which another thread had, or for a processor. Pieces of more than `WORTH` are
written to the file that `LOOP_METER` names, when the switch ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

EVERY = 0.001
"Seconds between two calls of a loop that has nothing else to do."
WORTH = 0.002
"Seconds of a piece that is noted."
LONG = 0.005
"Seconds from which a piece counts as the loop being blocked."
VARIABLE = "LOOP_METER"


class Piece(NamedTuple):
    """What the loop did without looking at anything else."""

    ended: float
    "Seconds of the clock that all processes of the machine share."
    seconds: float
    cpu: float
    "Seconds that the thread of the loop computed."


class Meter:
    """Notes the long pieces of the running loop."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._loop = asyncio.get_running_loop()
        self._at, self._cpu = time.monotonic(), time.thread_time()
        self._loop.call_later(EVERY, self._look)

    def _look(self) -> None:
        now, cpu = time.monotonic(), time.thread_time()
        if now - self._at > WORTH + EVERY:
            self.pieces.append(Piece(now, now - self._at - EVERY, cpu - self._cpu))
        self._at, self._cpu = now, cpu
        self._loop.call_later(EVERY, self._look)


class Blocked(NamedTuple):
    """What the pieces of a while come to."""

    longest: float
    longest_cpu: float
    total: float
    "Seconds of the pieces that are long."

    def __str__(self) -> str:
        longest, cpu, total = (each * 1000 for each in self)
        return f"longest piece {longest:.1f} ms ({cpu:.1f} ms CPU), {total:.0f} ms in long ones"


def blocked(file: Path, began: float, ended: float) -> Blocked:
    """The pieces between two moments of the clock, of a switch that has ended."""
    pieces = [Piece(*each) for each in json.loads(file.read_text())]
    within = [each for each in pieces if began <= each.ended and each.ended - each.seconds <= ended]
    return Blocked(
        max((each.seconds for each in within), default=0.0),
        max((each.cpu for each in within), default=0.0),
        sum(each.seconds for each in within if each.seconds >= LONG),
    )


def main() -> None:
    """Run the terminal, whose loop is looked at."""
    run = uvloop.run

    def run_metered(work: Coroutine[Any, Any, Any]) -> Any:
        async def metered() -> Any:
            meter = Meter()
            try:
                return await work
            finally:
                Path(os.environ[VARIABLE]).write_text(json.dumps(meter.pieces))

        return run(metered())

    uvloop.run = run_metered  # type: ignore[assignment]
    from softswitch.cli.main import main as terminal

    sys.argv[0] = "softswitch"
    terminal()


if __name__ == "__main__":
    main()
