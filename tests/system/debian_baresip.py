"""Debian's baresip, a softphone as people install it: a process of its own, told what to do by TCP.

It is years older than the baresip in Python: it knows no digest but MD5 and reads the first
challenge only. It says back whatever it hears.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port, media_ports

CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
rtp_ports {first}-{last}
module_path {modules}
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
audio_source aubridge,echo
audio_player aubridge,echo
{more}
"""
MODULES = (Path("/usr/lib/baresip/modules"), Path("/usr/local/lib/baresip/modules"))


class DebianBaresip:
    """One running baresip with one account."""

    def __init__(self, directory: Path, more: str = "", contacts: str = "") -> None:
        """`more`: further lines of its configuration; `contacts`: its address book."""
        self.contacts = contacts
        self.directory = directory
        self.more = more
        self.account = ""
        "The line of its file of accounts."
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._process: asyncio.subprocess.Process
        self._writer: asyncio.StreamWriter
        self._reading: asyncio.Task[None]

    async def start(self, account: str) -> None:
        """Start it with this line of its file of accounts."""
        self.directory.mkdir()
        self.account = account
        control, (first, last) = free_port(), media_ports(1, 2)
        modules = next(path for path in MODULES if path.exists())
        (self.directory / "config").write_text(
            CONFIG.format(
                sip=free_port(),
                first=first,
                last=last,
                modules=modules,
                control=control,
                more=self.more,
            )
        )
        (self.directory / "accounts").write_text(f"{account}\n")
        (self.directory / "contacts").write_text(self.contacts)
        with self.log_file.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "baresip",
                "-f",
                str(self.directory),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        reader = await self._connect(control)
        self._reading = asyncio.create_task(self._read(reader))

    @property
    def log_file(self) -> Path:
        return self.directory / "log.txt"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    async def _connect(self, port: int) -> asyncio.StreamReader:
        async with asyncio.timeout(10):
            while True:
                try:
                    reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                    return reader
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Read netstrings of JSON until the end."""
        while length := (await reader.readuntil(b":"))[:-1]:
            self.events.put_nowait(json.loads(await reader.readexactly(int(length))))
            await reader.readexactly(1)

    def command(self, name: str, parameters: str = "") -> None:
        """Send a command of its menu, such as `dial`."""
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._writer.write(b"%d:%b," % (len(text), text))

    async def event(self, kind: str, seconds: float = 10.0) -> dict[str, Any]:
        """The next event of a kind, such as `CALL_ESTABLISHED`."""
        seen: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    event = await self.events.get()
                    if event.get("type") == kind:
                        return event
                    seen.append(str(event.get("type")))
        except TimeoutError:
            raise AssertionError(f"no {kind}, only {seen}: {self.log()}") from None

    async def registered(self, seconds: float = 10.0) -> None:
        """Wait until it says that it is registered."""
        async with asyncio.timeout(seconds):
            while "200 OK" not in self.log():
                assert self._process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()


@asynccontextmanager
async def debian_baresip(
    directory: Path, account: str, more: str = "", contacts: str = ""
) -> AsyncIterator[DebianBaresip]:
    """A baresip for the length of a test; skips the test where it is not installed."""
    if shutil.which("baresip") is None:
        pytest.skip("Debian's baresip is not installed (package baresip-core)")
    phone = DebianBaresip(directory, more, contacts)
    await phone.start(account)
    try:
        yield phone
    finally:
        await phone.stop()
