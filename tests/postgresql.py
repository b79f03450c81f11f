"""A PostgreSQL server of the tests' own: Debian's package, in a folder and on a port of its own.

The server refuses to run as root, so root runs it as the user that Debian's package brings. One for
tests of the store alone need not survive a power cut, so it does not wait for the disk; one that is
`durable` does, as those of users.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.ports import free_port

INSTALLED = Path("/usr/lib/postgresql")
"Where Debian keeps the programs of each version."
OWNER = "postgres"
"The user of Debian's package, and the first one of every server."
START_SECONDS = 30
OPTIONS = (
    "max_connections=60", "shared_buffers=16MB", "autovacuum=off", "log_min_messages=fatal",
)  # fmt: skip
CARELESS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


def programs() -> Path | None:
    """The folder with `initdb` and `postgres` of the newest version; None without any."""
    found = sorted(INSTALLED.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class PostgreSql:
    """One server; ended by `close`, which also removes its folder."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make its folder; skips the test where the package is not installed."""
        self._options = OPTIONS if durable else OPTIONS + CARELESS
        found = programs()
        if found is None:
            pytest.skip("PostgreSQL is not installed")
        self.programs = found
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="softswitch-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self.data), "-U", OWNER, "-A", "trust", "-E", "UTF8", "-N")

    @property
    def data(self) -> Path:
        """Its files."""
        return self.folder / "data"

    def url(self, database: str = OWNER) -> str:
        """The `storage.url` of one of its databases."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def empty_database(self) -> str:
        """The URL of a database without tables: always the same one, emptied."""
        self.execute("DROP SCHEMA IF EXISTS public CASCADE")
        self.execute("CREATE SCHEMA public")
        return self.url()

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement on a connection of its own; its rows."""
        return execute(self.url(), statement)

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        options = [word for option in self._options for word in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_as_owner(),
                    str(self.programs / "postgres"),
                    *("-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1"),
                    *("-k", str(self.folder), *options),
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
                return
            except Exception:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once, under the feet of whoever is connected."""
        if self._process is not None:
            self.resume()
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_SECONDS)
            self._process = None

    def hang(self) -> None:
        """Let none of its processes do anything, until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def resume_or_start(self) -> None:
        """Let it run, whatever was done to it."""
        if self._process is None:
            self.start()
        else:
            self.resume()

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to each of its sessions, which are its children."""
        assert self._process is not None
        server = self._process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for process in (server, *map(int, children)):
            try:
                os.kill(process, number)
            except ProcessLookupError:
                continue

    def _run(self, program: str, *words: str) -> None:
        command = [*_as_owner(), str(self.programs / program), *words]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)


def _as_owner() -> list[str]:
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups"]


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run a statement on a database of either kind as another program would; its rows."""
    engine = create_engine(_driver(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def mappings(url: str, query: str) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    engine = create_engine(_driver(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]
    finally:
        engine.dispose()


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def started(*, durable: bool = False) -> PostgreSql:
    """A running server."""
    server = PostgreSql(durable=durable)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server
