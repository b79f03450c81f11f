"""What SRTP adds to relaying: CPU of a worker a call-minute, plain and protected, and rtpengine's.

    python benchmarks/secure_relay.py --calls 200 --seconds 3 --rounds 3

Both legs of each call are protected, each by keys of its own. The kinds take turns, so that a ratio
compares runs of the same minutes. Everything else is as in `relay.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from relay import PACKETS_A_CALL_MINUTE, measure, through_worker
from rtpengine import PROGRAM, Rtpengine

Measured = Callable[[int, float, tuple[int, int]], Awaitable[dict[str, float]]]


def through(suite: str, *, fast: bool = False) -> Measured:
    """Measure a worker, with or without what `softswitch-fast` does for it."""

    async def run(calls: int, seconds: float, cores: tuple[int, int]) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder, paths_before() as paths:
            if not fast:
                (Path(folder) / "softswitch_fast.py").write_text("raise ImportError")
                os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, paths]))
            return await through_worker(calls, seconds, cores, suite)

    return run


@contextmanager
def paths_before() -> Iterator[str]:
    """Put the variable that says where Python looks for modules back to what it was."""
    before = os.environ.get("PYTHONPATH", "")
    try:
        yield before
    finally:
        os.environ["PYTHONPATH"] = before


def through_rtpengine(*, srtp: bool) -> Measured:
    async def run(calls: int, seconds: float, cores: tuple[int, int]) -> dict[str, float]:
        engine = await Rtpengine.start()
        for thread in os.listdir(f"/proc/{engine.process.pid}/task"):
            os.sched_setaffinity(int(thread), {cores[0]})

        async def connect(phones: list[int]) -> tuple[int, list[tuple[int, str, str, str]]]:
            targets = []
            for pair in zip(phones[::2], phones[1::2], strict=True):
                targets += await engine.call(pair, srtp=srtp)
            return engine.process.pid, targets

        try:
            return await measure(calls, seconds, cores[1], connect)
        finally:
            await engine.stop()

    return run


CM_80, GCM = "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"
KINDS: dict[str, Measured] = {"plain": through(""), "CM_80": through(CM_80), "GCM": through(GCM)}
if find_spec("softswitch_fast"):
    KINDS |= {
        "fast plain": through("", fast=True),
        "fast CM_80": through(CM_80, fast=True),
        "fast GCM": through(GCM, fast=True),
    }
if PROGRAM:
    KINDS |= {
        "rtpengine plain": through_rtpengine(srtp=False),
        "rtpengine CM": through_rtpengine(srtp=True),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--cores", default="0,1", help="of the relay, and of the load")
    arguments = parser.parse_args()
    relay_core, load_core = (int(core) for core in arguments.cores.split(","))
    results: dict[str, list[dict[str, float]]] = {kind: [] for kind in arguments.kinds.split(",")}
    for _ in range(arguments.rounds):
        for kind, runs in results.items():
            runs.append(
                await KINDS[kind](arguments.calls, arguments.seconds, (relay_core, load_core))
            )
            print(f"{kind:15} {runs[-1]['cpu']:.3f}", flush=True)
    print(
        "kind            | CPU-s a call-minute: median, best | µs a packet | ratio: median, best"
        " | delay median, p99 ms | lost | bad"
    )
    plain = [run["cpu"] for run in results.get("plain", [])]
    for kind, runs in results.items():
        cpu = [run["cpu"] for run in runs]
        ratio = "            "
        if plain:
            of_rounds = [used / base for used, base in zip(cpu, plain, strict=True)]
            ratio = f"{statistics.median(of_rounds):6.2f} {min(cpu) / min(plain):5.2f}"
        print(
            f"{kind:15} | {statistics.median(cpu):25.3f} {min(cpu):7.3f}"
            f" | {statistics.median(cpu) / PACKETS_A_CALL_MINUTE * 1e6:11.1f} | {ratio:>19}"
            f" | {statistics.median(run['median_ms'] for run in runs):13.2f}"
            f" {statistics.median(run['p99_ms'] for run in runs):6.2f}"
            f" | {sum(run['sent'] - run['received'] for run in runs):4.0f}"
            f" | {sum(run['bad'] for run in runs):.0f}",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
