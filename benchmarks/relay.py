"""What relaying costs: CPU of a worker a call-minute, added delay, loss; and the floor beside it.

    python benchmarks/relay.py --calls 50,100,200,400 --seconds 6

The load comes from a process of its own on another core. CPU time is read from the worker process
while the calls are up. The floor is a bare loop of `recv_into` and `send` in Python over as many
connected sockets under the same load, so that the ratio holds on any machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from softswitch.calls.ports.media_port import (  # noqa: E402
    LegCodec,
    MediaPort,
    Security,
    SrtpKeys,
)
from softswitch.calls.ports.media_workers import MediaWorkers  # noqa: E402

WARM_UP = 1.0
"Seconds of load before the CPU is read for the first time."
PACKETS_A_CALL_MINUTE = 6000
PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
PORTS = (20000, 24999)
OCTETS = {"": 0, "AES_CM_128_HMAC_SHA1_80": 30, "AEAD_AES_128_GCM": 28}
"Of the keys of a suite, salt included."


async def python(script: str, *arguments: object) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / script), *map(str, arguments), stdin=PIPE, stdout=PIPE
    )


def tell(process: Process, ports: Sequence[object]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(ports).encode() + b"\n")


async def hear(process: Process) -> Any:
    assert process.stdout
    return json.loads(await process.stdout.readline())


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, in the scheduler's nanoseconds where it has them."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9
    except FileNotFoundError:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(
    calls: int,
    seconds: float,
    core: int,
    connect: Callable[[list[int]], Awaitable[tuple[int, Sequence[object]]]],
) -> dict[str, float]:
    """Put a load on what `connect` sets up: from the phones' ports, a process and its ports.

    A port may stand with a suite and keys, as `rtp_load.Target` has them.
    """
    load = await python(
        "rtp_load.py",
        *("--legs", 2 * calls),
        *("--seconds", seconds + WARM_UP + 0.5),
        *("--warm-up", WARM_UP),
        *("--core", core),
    )
    pid, ports = await connect(await hear(load))
    tell(load, ports)
    await hear(load)
    await asyncio.sleep(WARM_UP)
    cpu, begin = cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    used, took = cpu_seconds(pid) - cpu, time.monotonic() - begin
    results: dict[str, float] = await hear(load)
    await load.wait()
    results["cpu"] = used / (calls * took / 60)
    return results


async def through_worker(
    calls: int, seconds: float, cores: tuple[int, int], suite: str = ""
) -> dict[str, float]:
    """Measure a media worker; its ports are those of `python -m media` as the switch starts it.

    With a suite both legs of each call are protected, each by keys of its own.
    """
    workers = MediaWorkers(address="127.0.0.1", ports=PORTS, quarantine=0.5)
    await workers.start()
    pid = workers.workers[0].pid
    assert pid is not None
    os.sched_setaffinity(pid, {cores[0]})
    opened: list[MediaPort] = []

    async def connect(phones: list[int]) -> tuple[int, list[tuple[int, str, str, str]]]:
        targets = []
        for phone in phones:
            opened.append(await workers.open())
            keys = SrtpKeys(suite, os.urandom(OCTETS[suite]), os.urandom(OCTETS[suite]))
            security = Security(srtp=keys) if suite else None
            opened[-1].configure(remote=("127.0.0.1", phone), codecs=[PCMU], security=security)
            targets.append((opened[-1].rtp_port, suite, keys.theirs.hex(), keys.ours.hex()))
        for first, second in zip(opened[::2], opened[1::2], strict=True):
            first.join(second)
        return pid, targets

    try:
        results = await measure(calls, seconds, cores[1], connect)
        results["late"] = workers.reports()[0].tick_late_max_ms
        return results
    finally:
        await workers.stop()


async def through_floor(calls: int, seconds: float, cores: tuple[int, int]) -> dict[str, float]:
    """Measure the bare loop."""
    floor = await python("relay_floor.py", cores[0])

    async def connect(phones: list[int]) -> tuple[int, list[int]]:
        tell(floor, phones)
        return floor.pid, await hear(floor)

    try:
        return await measure(calls, seconds, cores[1], connect)
    finally:
        assert floor.stdin
        floor.stdin.close()
        await floor.wait()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", default="50,100,200,400")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--cores", default="0,1", help="of the relay, and of the load")
    arguments = parser.parse_args()
    relay_core, load_core = (int(core) for core in arguments.cores.split(","))
    print(
        "calls | CPU-s a call-minute | µs a packet |  floor | ratio | delay median, p99, max ms"
        " | gap ms | lost | tick late ms"
    )
    for calls in map(int, arguments.calls.split(",")):
        floor = await through_floor(calls, arguments.seconds, (relay_core, load_core))
        ours = await through_worker(calls, arguments.seconds, (relay_core, load_core))
        print(
            f"{calls:5} | {ours['cpu']:19.3f} | {ours['cpu'] / PACKETS_A_CALL_MINUTE * 1e6:11.1f}"
            f" | {floor['cpu']:6.3f} | {ours['cpu'] / floor['cpu']:5.2f}"
            f" | {ours['median_ms']:12.2f} {ours['p99_ms']:5.2f} {ours['max_ms']:6.2f}"
            f" | {ours['gap_ms']:6.1f} | {ours['sent'] - ours['received']:4.0f}"
            f" | {ours['late']:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
