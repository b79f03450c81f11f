"""What SIP over TLS costs: a handshake, a connection that is open, and phones that register by it.

    python benchmarks/tls.py --phones 500 --within 10

The switch is the whole program with its database on disk and a certificate on P-256; the phones are
a process on another core (`tls_load.py`), each with a connection of its own and without a ticket of
an earlier one. CPU and memory are read from the process of the switch.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.quiet import QUIET  # noqa: E402
from tests.certificates import files, write_ca  # noqa: E402
from tests.system.program import Program  # noqa: E402

SETTINGS = """
[limits]
connections = 16384
connections_per_address = 16384
[[extensions]]
range = "2000-4999"
type = "phone"
password = "pw{number}"
"""
SWITCH_CORE, LOAD_CORE = 0, 1


async def connect(program: Program, phones: int, within: float, *more: str) -> dict[str, Any]:
    """Connect phones; what they saw, the CPU in milliseconds and the memory of each."""
    before, memory = program.cpu_seconds(), program.memory()
    load = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "tls_load.py"),
        *("--port", str(program.tls_port), "--phones", str(phones), "--within", str(within)),
        *("--core", str(LOAD_CORE), *more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert load.stdout is not None
    seen: dict[str, Any] = json.loads(await load.stdout.readline())
    seen["ms"] = (program.cpu_seconds() - before) / phones * 1000
    seen["kB"] = (program.memory() - memory) / phones / 1000
    await load.communicate(b"")
    await program.until_metric("softswitch_connections", 0, 30)
    return seen


def show(what: str, phones: int, seen: dict[str, Any]) -> None:
    print(
        f"{what:<14} {phones}: {seen['failed']} failed, longest {seen['longest'] * 1000:.0f} ms, "
        f"{seen['ms']:.2f} ms CPU and {seen['kB']:.1f} kB each"
    )


async def main(arguments: argparse.Namespace) -> None:
    phones, within = arguments.phones, arguments.within
    with tempfile.TemporaryDirectory() as name:
        tls = Path(name) / "tls"
        tls.mkdir()
        files(tls, "switch", "127.0.0.1", "localhost")
        write_ca(tls)
        program = Program(Path(name) / "switch", QUIET + SETTINGS, tls=tls)
        await program.start()
        assert program.process is not None
        os.sched_setaffinity(program.process.pid, {SWITCH_CORE})
        try:
            await connect(program, 50, 1)  # whatever is made once
            show("connections", phones * 4, await connect(program, phones * 4, within))
            show("registrations", phones, await connect(program, phones, within, "--register"))
        finally:
            await program.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--phones", type=int, default=500)
    parser.add_argument("--within", type=float, default=10)
    asyncio.run(main(parser.parse_args()))
