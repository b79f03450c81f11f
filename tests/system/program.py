"""The program as a user starts it: a process of its own, a settings file, ports of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import aiohttp

from tests.ports import free_port, media_ports
from tests.postgresql import mappings
from tests.system.databases import Databases, Files

REPOSITORY = Path(__file__).parents[2]
READY_SECONDS = 30
STOP_SECONDS = 20

MISTAKES = ("Traceback", "was destroyed but it is pending", "was never retrieved")
"What no log of a switch may hold: a mistake that nobody expected, and a task that is left."


@dataclass
class Program:
    """A running switch."""

    databases: ClassVar[Databases] = Files()
    "Where it has its database, unless the test names one."
    directory: Path
    settings: str
    "More lines of the settings file."
    sip_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    media_ports: tuple[int, int] = field(default_factory=media_ports)
    "The first and the last."
    overrides: dict[str, str] = field(default_factory=dict)
    "Settings of the environment, such as `SIP__RING_TIME`."
    shipped: str = ""
    """The settings file of the project, from its root, that it runs on as it is but for its ports
    and its database."""
    tls: Path | None = None
    "A folder with `switch.pem`, `switch.key` and `ca.pem`: with it, it listens on TLS as well."
    tls_port: int = field(default_factory=free_port)
    descriptors: int | None = None
    "The limit of its open files, where the test sets one."
    database: str | None = None
    "The `storage.url` of a database that the test has made."
    module: str = "softswitch"
    "What Python runs; that of a benchmark looks at it as well."
    process: asyncio.subprocess.Process | None = None

    @property
    def database_url(self) -> str:
        """Its `storage.url`."""
        return self.database or self.databases.url(self.directory)

    @property
    def settings_file(self) -> Path:
        if self.shipped:
            return self.directory / self.shipped
        return self.directory / "softswitch.toml"

    @property
    def port_pairs(self) -> int:
        """How many legs can have media at once."""
        first, last = self.media_ports
        return (last + 1 - first) // 2

    @property
    def log_file(self) -> Path:
        return self.directory / "log.txt"

    def use_shipped_settings(self) -> None:
        """Run on the file that is shipped; the environment moves the ports and the database."""
        first, last = self.media_ports
        sip = f"127.0.0.1:{self.sip_port}"
        for folder in ("config", "benchmarks"):
            if not (self.directory / folder).exists():
                (self.directory / folder).symlink_to(REPOSITORY / folder)
        self.overrides = {
            "SIP__LISTEN": f'["udp:{sip}", "tcp:{sip}"]',
            "MEDIA__PORTS": f"{first}-{last}",
            "MEDIA__WORKERS": "1",
            "HTTP__LISTEN": f"127.0.0.1:{self.http_port}",
            "STORAGE__URL": self.database_url,
            "SHUTDOWN__GRACE_TIME": "0",
            **self.overrides,
        }

    def write_settings(self) -> None:
        first, last = self.media_ports
        (self.directory / "static").mkdir(parents=True, exist_ok=True)
        listen = [f"udp:127.0.0.1:{self.sip_port}", f"tcp:127.0.0.1:{self.sip_port}"]
        tls = ""
        if self.tls is not None:
            listen.append(f"tls:127.0.0.1:{self.tls_port}")
            names = {"certificate": "switch.pem", "key": "switch.key", "ca": "ca.pem"}
            lines = (f'{key} = "{self.tls / name}"' for key, name in names.items())
            tls = "\n".join(("[tls]", 'clients = "optional"', *lines))
        self.settings_file.write_text(
            f"""
[sip]
domain = "127.0.0.1"
listen = {json.dumps(listen)}
{tls}
[media]
address = "127.0.0.1"
ports = "{first}-{last}"
workers = 1
[http]
listen = "127.0.0.1:{self.http_port}"
[[http.users]]
username = "admin"
password = "pw-admin"
[storage]
url = "{self.database_url}"
spool = "{self.directory}/data/calls.spool"
recordings = "{self.directory}/recordings"
static = "{self.directory}/static"
[shutdown]
grace_time = 0
{self.settings}
"""
        )

    async def start(self) -> None:
        """Start it; returns when it has printed its ready line."""
        if self.shipped:
            self.use_shipped_settings()
        else:
            self.write_settings()
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self._under_limit(),
                sys.executable,
                "-m",
                self.module,
                "serve",
                "--config",
                str(self.settings_file),
                cwd=self.directory,
                env={
                    **os.environ,
                    "PYTHONPATH": str(REPOSITORY),
                    "PYTHONUNBUFFERED": "1",
                    **{f"SOFTSWITCH_{key}": value for key, value in self.overrides.items()},
                },
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            async with asyncio.timeout(READY_SECONDS):
                assert self.process.stdout is not None
                while line := await self.process.stdout.readline():
                    if line.startswith(b"softswitch ready"):
                        return
                # Who signals a process that is just ending takes its exit code from asyncio.
                await self.process.wait()
        except BaseException:  # an interrupt, too, must not leave it behind
            await self.kill()
            raise
        raise AssertionError(f"the switch did not start: {self.log()[-3000:]}")

    def _under_limit(self) -> tuple[str, ...]:
        """What runs the program with few open files."""
        if self.descriptors is None:
            return ()
        return ("sh", "-c", f'ulimit -n {self.descriptors}; exec "$@"', "sh")

    async def stop(self) -> int:
        """End it with SIGTERM, as a service manager does; its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.communicate()
        except TimeoutError:
            self.process.kill()
            await self.process.communicate()
            raise AssertionError(f"SIGTERM did not end it: {self.log()[-3000:]}") from None
        return self.process.returncode or 0

    async def kill(self) -> None:
        """End it as a crash does."""
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def cpu_seconds(self) -> float:
        """User and system time of the signalling process so far."""
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task")
        return (
            sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9
        )

    def memory(self) -> int:
        """Resident octets of the signalling process."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match is not None
        return int(match[1]) * 1024

    def calls(self) -> list[dict[str, Any]]:
        """The records of calls, oldest first, as they stand on disk."""
        rows = mappings(self.database_url, "SELECT * FROM calls ORDER BY start_time")
        for row in rows:
            if isinstance(row["media"], str):  # SQLite has no type for JSON
                row["media"] = json.loads(row["media"])
        return rows

    async def get(self, path: str, **query: str) -> str:
        """What an HTTP GET answers; a certificate of tests is not checked."""
        has_tls = self.overrides.get("HTTP__TLS") == "true"
        url = f"{'https' if has_tls else 'http'}://127.0.0.1:{self.http_port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, params=query, ssl=not has_tls) as answer,
        ):
            return await answer.text()

    async def command(self, name: str, **fields: str) -> dict[str, object]:
        """What the command API answers, as JSON."""
        url = f"http://127.0.0.1:{self.http_port}/api"
        login = {"Username": "admin", "Password": "pw-admin"}
        form = {"command": name, **login, **fields}
        accept = {"Accept": "application/json"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=form, headers=accept) as answer,
        ):
            return dict(await answer.json())

    async def v1(
        self, method: str, path: str, body: object = None, match: str = "*"
    ) -> tuple[int, Any]:
        """Status and answer of a path of `/v1` for the admin; octets go and come as they are."""
        url = f"http://127.0.0.1:{self.http_port}/v1/{path}"
        login = {"Authorization": aiohttp.encode_basic_auth("admin", "pw-admin")}
        seen = {"If-Match": match} if match else {}
        given: dict[str, Any] = {"data" if isinstance(body, bytes) else "json": body}
        async with (
            aiohttp.ClientSession(headers={**login, **seen}) as session,
            session.request(method, url, **given) as answer,
        ):
            is_json = answer.content_type.endswith("json")
            return answer.status, await (answer.json() if is_json else answer.read())

    async def terminal(self, *words: str) -> tuple[int, str]:
        """`softswitch …` with the settings of the switch: its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "softswitch", *words,
            "--config", str(self.settings_file),
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        values = await self._values(name)
        assert values, f"no metric {name}"
        return sum(values)

    async def _values(self, name: str) -> list[float]:
        """A metric with each of its labels; none while nobody tells it: a worker that starts."""
        text = await self.get("/metrics")
        values = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+-]+)$", text, re.MULTILINE)
        return [float(value) for value in values]

    async def until_metric(self, name: str, value: float, seconds: float = 10.0) -> None:
        """Wait until a metric has a value; those of the media come once a second."""
        found = await self._values(name)
        deadline = asyncio.get_running_loop().time() + seconds
        while not found or sum(found) != value:
            assert asyncio.get_running_loop().time() < deadline, f"{name} stays at {found}"
            await asyncio.sleep(0.1)
            found = await self._values(name)


@asynccontextmanager
async def running(directory: Path, settings: str, **more: Any) -> AsyncIterator[Program]:
    """A switch for the length of a test, which fails where it leaves anything behind."""
    program = Program(directory, settings, **more)
    await program.start()
    try:
        yield program
        await no_port_left(program)
    finally:
        code = await program.stop()
    assert code == 0, program.log()[-3000:]
    for mistake in MISTAKES:
        assert mistake not in program.log(), program.log()[-6000:]


async def no_port_left(program: Program) -> None:
    """See that a switch whose calls have all ended keeps no port of theirs.

    A test that has ended the switch itself, or that leaves calls up, is not looked at.
    """
    if program.process is None or program.process.returncode is not None:
        return
    if "] Answered" in program.log() and not await program.metric("softswitch_calls"):
        await program.until_metric("softswitch_media_ports", 0, seconds=20)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until a condition holds that no event tells of."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
