"""Where the switches of a test keep what outlives them: a database for each of their directories.

`--database` says of which kind. A switch that is started again in its directory finds what the one
before has left there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tests.postgresql import PostgreSql


class Databases(Protocol):
    """The databases of one kind."""

    def url(self, directory: Path) -> str:
        """The `storage.url` of the switch in that directory."""
        ...


class Files:
    """Files of SQLite, where the shipped settings have them."""

    def url(self, directory: Path) -> str:
        """The `storage.url` of the switch in that directory."""
        return f"sqlite:///{directory}/data/softswitch.db"


class OnServer:
    """Databases of one server of PostgreSQL, made when they are first asked for.

    Each has a name of its own, so that a switch that a failed test has left never meets the next
    test's.
    """

    def __init__(self, server: PostgreSql) -> None:
        self._server = server
        self._names: dict[Path, str] = {}
        self._made = 0

    def url(self, directory: Path) -> str:
        """The `storage.url` of the switch in that directory."""
        if directory not in self._names:
            self._made += 1
            name = f"switch_{self._made}"
            self._server.execute(f"CREATE DATABASE {name}")
            self._names[directory] = name
        return self._server.url(self._names[directory])

    def drop(self) -> None:
        """Remove all of them, whoever still uses them."""
        while self._names:
            _, name = self._names.popitem()
            self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")
