"""Starting and ending the process of a media worker; it inherits one end of a socket pair."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

END_TIMEOUT = 3.0
"Seconds until a process that should end is killed."

FOR_THE_WORKER = {
    # numpy starts no threads
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # The C library keeps the memory of a tick's arrays, which the next tick takes again, instead of
    # giving it back: at 500 legs two fifths of a tick went into pages that came anew.
    "MALLOC_MMAP_THRESHOLD_": str(8 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(32 << 20),
}
"Variables of its environment that are read before Python begins."


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker process is started with."""

    hosts: Sequence[tuple[str, str]]
    "For each family: the address that is announced, and the one that is bound."
    ports: tuple[int, int]
    share: int = 0
    shares: int = 1
    quarantine: float = 5.0

    def arguments(self, control: int) -> list[str]:
        """Return the command line after `python -m media`."""
        hosts = [part for pair in self.hosts for part in ("--host", "=".join(pair))]
        return [
            f"--control={control}",
            *hosts,
            f"--ports={self.ports[0]}-{self.ports[1]}",
            f"--share={self.share}",
            f"--shares={self.shares}",
            f"--quarantine={self.quarantine}",
        ]


class WorkerProcess:
    """The operating system's process of a worker."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, settings: WorkerSettings) -> tuple[WorkerProcess, socket.socket]:
        """Start one; return it and our end of the socket to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "media",
                *settings.arguments(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                env=_environment(),
                start_new_session=True,
            )
        return cls(process), ours

    @property
    def fate(self) -> str:
        """How it ended, for the log."""
        code = self._process.returncode
        if code is not None and code < 0:
            return f"was ended by signal {-code}"
        return f"ended with exit code {code}"

    async def end(self) -> None:
        """Wait for the process, after its socket was closed; kill it if it does not end."""
        try:
            async with asyncio.timeout(END_TIMEOUT):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()


def _environment() -> dict[str, str]:
    """Return the worker's environment, in which it finds this package."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **FOR_THE_WORKER}
