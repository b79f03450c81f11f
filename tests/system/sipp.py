"""SIPp as a peer: scenarios of XML, users of a CSV file, and its own verdict."""

from __future__ import annotations

import asyncio
import csv
import socket
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.system.program import until

FOLDERS = (
    Path(__file__).parent / "scenarios",
    Path(__file__).parents[2] / "benchmarks" / "scenarios",
)
"Where scenarios are looked for."
START_SECONDS = 20
SOCKET_BUFFER = 4 * 1024 * 1024
"Octets; what SIPp chooses itself holds no more than a tenth of a second of a benchmark."


@dataclass(frozen=True)
class Outcome:
    """What SIPp counted."""

    successful: int
    failed: int
    retransmissions: int
    response_seconds: float
    "Mean of the time until the answer that the scenario marks."
    text: str
    "What it wrote about errors."


class Sipp:
    """One run of SIPp."""

    def __init__(
        self,
        directory: Path,
        scenario: str,
        *,
        port: int,
        media_port: int | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.name = scenario
        files = [folder / f"{scenario}.xml" for folder in FOLDERS]
        self.scenario = next(file for file in files if file.exists())
        self.address = address
        self.directory = directory
        self.port = port
        self.media_port = media_port or free_port()
        self.process: asyncio.subprocess.Process | None = None
        self._stem = f"{scenario}-{port}"

    async def start(
        self,
        target: str,
        *,
        calls: int | None = None,
        rate: float = 10,
        users: Iterable[Sequence[str]] = (),
        transport: str = "u1",
        hold_ms: int = 0,
        limit: int = 3_000,
        core: int | None = None,
        more: Sequence[str] = (),
    ) -> None:
        """Start it: `calls` calls at `rate` a second against `target`, HOST:PORT."""
        self.directory.mkdir(parents=True, exist_ok=True)
        words = ["sipp", target, "-sf", str(self.scenario), "-i", self.address]
        words += ["-p", str(self.port), "-mi", self.address, "-mp", str(self.media_port)]
        words += ["-buff_size", str(SOCKET_BUFFER)]
        words += ["-t", transport, "-nostdin", "-timeout_error", "-l", str(limit)]
        words += ["-trace_stat", "-fd", "1", "-stf", str(self.directory / f"{self._stem}.csv")]
        words += ["-trace_err", "-error_file", str(self.directory / f"{self._stem}.errors")]
        if calls is not None:
            words += ["-m", str(calls), "-r", f"{rate:g}", "-d", str(hold_ms)]
        rows = [";".join(row) for row in users]
        if rows:
            file = self.directory / f"{self._stem}.users"
            file.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
            words += ["-inf", str(file)]
        if core is not None:
            words = ["taskset", "-c", str(core), *words]
        self.process = await asyncio.create_subprocess_exec(
            *words,
            *more,
            cwd=self.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if calls is None:
            await self._listens("udp" if transport.startswith("u") else "tcp")

    async def _listens(self, transport: str) -> None:
        """Wait until one that is to be called has its port."""
        process, sockets = self.process, Path(f"/proc/net/{transport}")
        assert process is not None
        address = int.from_bytes(socket.inet_aton(self.address), sys.byteorder)
        local = f" {address:08X}:{self.port:04X} "
        await until(
            lambda: process.returncode is not None or local in sockets.read_text(), START_SECONDS
        )

    async def finish(self, seconds: float = 60) -> Outcome:
        """Wait until it has made its calls."""
        assert self.process is not None
        try:
            async with asyncio.timeout(seconds):
                await self.process.wait()
        finally:
            await self.stop()
        return self.outcome()

    async def stop(self) -> None:
        """End it if it still runs."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def outcome(self) -> Outcome:
        """The last line of its statistics."""
        errors = self.directory / f"{self._stem}.errors"
        text = errors.read_text(errors="replace") if errors.exists() else ""
        statistics = self.directory / f"{self._stem}.csv"
        assert self.process is not None
        if not statistics.exists() or self.process.returncode not in (0, 1, -9):
            raise RuntimeError(f"SIPp ended with {self.process.returncode}: {text[-2000:]}")
        with statistics.open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        hours, minutes, seconds, micros = (last.get("ResponseTime1(C)") or "0:0:0:0").split(":")[:4]
        mean = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(micros) / 1e6
        return Outcome(
            successful=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
            retransmissions=int(last["Retransmissions(C)"]),
            response_seconds=mean,
            text=text,
        )
