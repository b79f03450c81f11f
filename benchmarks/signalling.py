"""What a registration and a bridged call cost: CPU of the signalling process, measured with SIPp.

    python benchmarks/signalling.py --calls 1000 --rate 50 --registers 2000 --register-rate 150

The switch is the whole program with its database on disk; SIPp runs on another core, challenges are
MD5 because SIPp knows no other. CPU is read from the process, before and after each part.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.quiet import QUIET
from tests.ports import free_port
from tests.system.program import Program
from tests.system.sipp import Sipp

SETTINGS = """
[limits]
calls = 10000
[[extensions]]
range = "2000-2999"
type = "phone"
password = "pw{number}"
"""
SWITCH_CORE, LOAD_CORE = 0, 1


def users(callee_port: int, count: int = 1000) -> list[tuple[str, ...]]:
    """Number, credentials in SIPp's words, the callee's port, and the number to call."""
    numbers = [str(2000 + place) for place in range(count)]
    return [
        (
            number,
            f"[authentication username={number} password=pw{number}]",
            str(callee_port),
            numbers[(place + count // 2) % count],
        )
        for place, number in enumerate(numbers)
    ]


async def register(program: Program, directory: Path, callee: int, count: int, rate: float) -> None:
    sipp = Sipp(directory, "register", port=free_port())
    before = program.cpu_seconds()
    await sipp.start(
        f"127.0.0.1:{program.sip_port}", calls=count, rate=rate, users=users(callee), core=LOAD_CORE
    )
    outcome = await sipp.finish(count / rate + 60)
    spent = (program.cpu_seconds() - before) / count * 1000
    print(
        f"REGISTER  {count} at {rate:g}/s: {outcome.successful} good, {outcome.failed} failed, "
        f"{outcome.retransmissions} retransmitted, {spent:.3f} ms CPU each"
    )


async def call(program: Program, directory: Path, callee: int, count: int, rate: float) -> None:
    answering = Sipp(directory, "callee", port=callee)
    await answering.start(f"127.0.0.1:{program.sip_port}", core=LOAD_CORE)
    calling = Sipp(directory, "caller", port=free_port())
    before = program.cpu_seconds()
    memory = program.memory()
    await calling.start(
        f"127.0.0.1:{program.sip_port}",
        calls=count,
        rate=rate,
        users=users(callee),
        hold_ms=2_000,
        core=LOAD_CORE,
    )
    outcome = await calling.finish(count / rate + 90)
    spent = (program.cpu_seconds() - before) / count * 1000
    grown = (program.memory() - memory) / 1e6
    await answering.stop()
    print(
        f"call      {count} at {rate:g}/s: {outcome.successful} good, {outcome.failed} failed, "
        f"{outcome.retransmissions} retransmitted, {spent:.3f} ms CPU each, "
        f"memory {grown:+.0f} MB"
    )


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        program = Program(directory, QUIET + SETTINGS, media_ports=(20_000, 29_999))
        await program.start()
        assert program.process is not None
        os.sched_setaffinity(program.process.pid, {SWITCH_CORE})
        callee = free_port()
        try:
            await register(program, directory, callee, 1000, arguments.register_rate)
            if arguments.registers:
                await register(
                    program, directory, callee, arguments.registers, arguments.register_rate
                )
            await call(program, directory, callee, arguments.calls, arguments.rate)
        finally:
            await program.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--registers", type=int, default=2_000)
    parser.add_argument("--register-rate", type=float, default=150)
    asyncio.run(main(parser.parse_args()))
