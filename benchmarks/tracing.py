"""What a trace costs a bridged call: CPU of all processes of a switch with and of one without.

    python benchmarks/tracing.py --calls 300 --rate 30 --rounds 3

Both run at once; the calls go to one and the other in turn, so that whatever else the machine does
touches both alike. CPU is read from the scheduler, until the traces are on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.signalling import LOAD_CORE, SETTINGS, register, users
from tests.ports import free_port
from tests.system.program import Program
from tests.system.sipp import Sipp

SETTLE_SECONDS = 4.0
"Until the traces of the last calls are on disk."
HOLD_MS = 2000


def cpu_seconds(program: Program) -> float:
    """User and system time of a switch and its workers so far."""
    assert program.process is not None
    main = program.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return sum(
        int(task.read_text().split()[0]) / 1e9
        for pid in (main, *children)
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat")
    )


async def spent(program: Program, callee: int, count: int, rate: float) -> float:
    """Milliseconds of CPU that one of so many calls takes, without what passes anyway."""
    answering = Sipp(program.directory, "callee", port=callee)
    await answering.start(f"127.0.0.1:{program.sip_port}", core=LOAD_CORE)
    calling = Sipp(program.directory, "caller", port=free_port())
    idle = cpu_seconds(program)
    await asyncio.sleep(SETTLE_SECONDS)
    idle, before = (cpu_seconds(program) - idle) / SETTLE_SECONDS, cpu_seconds(program)
    began = asyncio.get_running_loop().time()
    await calling.start(
        f"127.0.0.1:{program.sip_port}",
        calls=count,
        rate=rate,
        users=users(callee),
        hold_ms=HOLD_MS,
        core=LOAD_CORE,
    )
    outcome = await calling.finish(count / rate + 60)
    await asyncio.sleep(SETTLE_SECONDS)
    passed = asyncio.get_running_loop().time() - began
    await answering.stop()
    if outcome.failed or outcome.successful != count:
        raise SystemExit(f"{outcome.failed} calls failed: {outcome.text[-500:]}")
    return (cpu_seconds(program) - before - idle * passed) / count * 1000


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        programs = {
            is_traced: Program(
                Path(name) / str(is_traced),
                f"{SETTINGS}\n[trace]\nenabled = {str(is_traced).lower()}\n",
                media_ports=(20_000, 24_999) if is_traced else (25_000, 29_999),
            )
            for is_traced in (False, True)
        }
        costs: dict[bool, list[float]] = {False: [], True: []}
        callees = {is_traced: free_port() for is_traced in programs}
        for program in programs.values():
            program.directory.mkdir()
            await program.start()
        try:
            for is_traced, program in programs.items():
                await register(program, program.directory, callees[is_traced], 1000, 150)
            for turn in range(arguments.rounds):
                for is_traced in (False, True) if turn % 2 else (True, False):
                    callee = callees[is_traced]
                    cost = await spent(programs[is_traced], callee, arguments.calls, arguments.rate)
                    costs[is_traced].append(cost)
                    print(f"{'with' if is_traced else 'without'}: {cost:.3f} ms", flush=True)
        finally:
            for program in programs.values():
                await program.stop()
    plain, traced = (statistics.median(costs[each]) for each in (False, True))
    print(f"a call without trace {plain:.3f} ms, with trace {traced:.3f} ms", end=" ")
    print(f"({(traced / plain - 1) * 100:+.1f} %)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(parser.parse_args()))
