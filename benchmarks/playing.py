"""What playing costs: CPU of a worker a call-minute and its pace, to legs that speak all the time.

    python benchmarks/playing.py --legs 50,200,500 --seconds 6

Each leg is played a file for ever while 50 packets a second are received, checked, buffered and
decoded from it; with `--keys` its sound is also searched for keys. The load is `rtp_load.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
from relay import PCMU, PORTS, measure  # noqa: E402

from softswitch.calls.ports.media_port import MediaPort  # noqa: E402
from softswitch.calls.ports.media_workers import MediaWorkers  # noqa: E402

FILE_SECONDS = 10


async def play_to(
    legs: int, seconds: float, cores: tuple[int, int], path: str, keys: bool
) -> dict[str, float]:
    """Measure one worker."""
    workers = MediaWorkers(address="127.0.0.1", ports=PORTS, quarantine=0.5)
    await workers.start()
    pid = workers.workers[0].pid
    assert pid is not None
    os.sched_setaffinity(pid, {cores[0]})
    opened: list[MediaPort] = []

    async def connect(phones: list[int]) -> tuple[int, list[int]]:
        for phone in phones:
            port = await workers.open()
            port.configure(remote=("127.0.0.1", phone), codecs=[PCMU])
            port.play_file(path, repeat=True)
            if keys:
                port.hear_keys(lambda key: None)
            opened.append(port)
        return pid, [port.rtp_port for port in opened]

    try:
        # `measure` counts calls of two legs
        results = await measure(legs // 2, seconds, cores[1], connect)
        report = workers.reports()[0]
        results["cpu"] /= 2
        results["late"] = report.tick_late_max_ms
        results["skipped"] = report.ticks_skipped
        return results
    finally:
        await workers.stop()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", default="50,100,200,500")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--cores", default="0,1", help="of the worker, and of the load")
    parser.add_argument("--keys", action="store_true", help="listen for keys in the sound, too")
    arguments = parser.parse_args()
    worker_core, load_core = (int(core) for core in arguments.cores.split(","))
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "noise.wav")
        noise = np.random.default_rng(1).normal(0, 2000, FILE_SECONDS * 8000)
        soundfile.write(path, noise.astype(np.int16), 8000)
        print("legs | CPU-s a call-minute | gap p99, max ms | tick late ms | skipped")
        for legs in map(int, arguments.legs.split(",")):
            cores = (worker_core, load_core)
            ours = await play_to(legs, arguments.seconds, cores, path, arguments.keys)
            print(
                f"{legs:4} | {ours['cpu']:19.3f} | {ours['gap_p99_ms']:7.1f} {ours['gap_ms']:7.1f}"
                f" | {ours['late']:12.1f} | {ours['skipped']:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    asyncio.run(main())
