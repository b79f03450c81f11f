"""What setting up browsers costs: DTLS handshakes of a worker that plays to other legs meanwhile.

    python benchmarks/handshakes.py --browsers 100 --playing 100

While a file is played to some legs, others are set up like browsers: a check of ICE, a handshake of
DTLS, and the same file, encrypted. A browser is set up when it has heard the first packet. Beside
this stand the same run without browsers, and what one handshake alone costs our side of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
from relay import PCMU, PORTS, cpu_seconds, hear, measure, python, tell  # noqa: E402

from media.secure.association import DtlsContext  # noqa: E402
from media.secure.certificate import DtlsCertificate  # noqa: E402
from media.secure.handshake import Handshake  # noqa: E402
from softswitch.calls.ports.media_port import Dtls, Ice, MediaPort, Security  # noqa: E402
from softswitch.calls.ports.media_workers import MediaWorkers  # noqa: E402

FILE_SECONDS = 10
WITHIN = 4.0
"Seconds in which all browsers begin, one after the other."


class Playing:
    """A worker that plays to legs."""

    def __init__(self, workers: MediaWorkers, path: str) -> None:
        self._workers, self._path = workers, path
        self.opened: list[MediaPort] = []
        pid = workers.workers[0].pid
        assert pid is not None
        self.pid = pid

    async def connect(self, phones: list[int]) -> tuple[int, list[int]]:
        for phone in phones:
            port = await self._workers.open()
            port.configure(remote=("127.0.0.1", phone), codecs=[PCMU])
            port.play_file(self._path, repeat=True)
            self.opened.append(port)
        return self.pid, [port.rtp_port for port in self.opened]

    async def browsers(self, count: int, core: int) -> dict[str, Any]:
        """Set up browsers, one after the other; return what they saw."""
        load = await python("handshake_load.py", "--browsers", count, "--core", core)
        fingerprint = await hear(load)
        begin = time.monotonic()
        for number in range(count):
            await asyncio.sleep(begin + number * WITHIN / count - time.monotonic())
            port, ice = await self._workers.open(), Ice(secrets.token_hex(4), secrets.token_hex(12))
            dtls = Dtls(active=False, fingerprints=(fingerprint,))
            security = Security(dtls=dtls, ice=ice, mux=True)
            port.configure(remote=None, codecs=[PCMU], security=security)
            port.play_file(self._path, repeat=True)
            self.opened.append(port)
            tell(load, [port.rtp_port, ice.ufrag, ice.pwd])
        seen: dict[str, Any] = await hear(load)
        await load.wait()
        return seen


async def run(
    browsers: int, playing: int, cores: tuple[int, int], path: str
) -> tuple[dict[str, float], dict[str, Any], float]:
    """Return the pace of the legs that are played to, what browsers saw, and CPU seconds."""
    workers = MediaWorkers(address="127.0.0.1", ports=PORTS, quarantine=0.5)
    await workers.start()
    worker = Playing(workers, path)
    os.sched_setaffinity(worker.pid, {cores[0]})
    try:
        seconds = WITHIN + 3.0
        pace = asyncio.ensure_future(measure(playing // 2, seconds, cores[1], worker.connect))
        await asyncio.sleep(2.0)
        before = cpu_seconds(worker.pid)
        seen = await worker.browsers(browsers, cores[1]) if browsers else {}
        await asyncio.sleep(max(0.0, WITHIN + 1.0 - seen.get("last_s", 0.0)))
        used = cpu_seconds(worker.pid) - before
        results = await pace
        report = workers.reports()[0]
        results["late"], results["skipped"] = report.tick_late_max_ms, report.ticks_skipped
        return results, seen, used
    finally:
        await workers.stop()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=100)
    parser.add_argument("--playing", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cores", default="0,1", help="of the worker, and of the load")
    arguments = parser.parse_args()
    worker_core, load_core = (int(core) for core in arguments.cores.split(","))
    cores = (worker_core, load_core)
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "noise.wav")
        noise = np.random.default_rng(1).normal(0, 2000, FILE_SECONDS * 8000)
        soundfile.write(path, noise.astype(np.int16), 8000)
        print(f"a handshake alone: {handshake_ms():.2f} ms CPU")
        print("set up | last s | median, max ms | repeated | gap p99, max ms | skipped | CPU-s")
        for _ in range(arguments.runs):
            alone, _, without = await run(0, arguments.playing, cores, path)
            pace, seen, used = await run(arguments.browsers, arguments.playing, cores, path)
            print(f"{'alone':>6} | {'':33}| {_gaps(alone)} | {without:5.3f}")
            print(
                f"{seen['heard']:6} | {seen['last_s']:6.2f} | {seen['median_ms']:6.0f}"
                f" {seen['max_ms']:7.0f} | {seen['repeated']:8} | {_gaps(pace)} | {used:5.3f}",
                flush=True,
            )


def handshake_ms(times: int = 200) -> float:
    """Return the CPU of our side of one handshake, of two in the same process."""
    certificate = DtlsCertificate()
    context = DtlsContext(certificate)
    used = 0.0
    for _ in range(times):
        ends = [
            Handshake(context, Dtls(active=active, fingerprints=(certificate.fingerprint,)), 0.0)
            for active in (True, False)
        ]
        leaving, turn = ends[0].begin(0.0).datagrams, 1
        while leaving:
            begin = time.thread_time()
            leaving = [
                answer
                for datagram in leaving
                for answer in ends[turn].receive(datagram, 0.0).datagrams
            ]
            used += turn * (time.thread_time() - begin)
            turn = 1 - turn
        assert not ends[1].in_progress
    return used / times * 1000


def _gaps(pace: dict[str, float]) -> str:
    return f"{pace['gap_p99_ms']:7.1f} {pace['gap_ms']:7.1f} | {pace['skipped']:7.0f}"


if __name__ == "__main__":
    asyncio.run(main())
