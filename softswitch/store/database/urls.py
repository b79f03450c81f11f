"""The `storage.url` of the settings, and the two drivers that it stands for.

The journal needs a driver that blocks (in its own thread), the queries one that awaits. For SQLite
these are Python's own `sqlite3` and aiosqlite, for PostgreSQL psycopg is both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from softswitch.store.errors import StoreError

DRIVERS = {
    "sqlite": ("sqlite+pysqlite", "sqlite+aiosqlite"),
    "postgresql": ("postgresql+psycopg", "postgresql+psycopg"),
}
"Back end to the SQLAlchemy names of its blocking and its awaiting driver."


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """One database under the names of both drivers."""

    blocking: URL
    awaiting: URL
    path: Path | None
    "The file of a SQLite database, None for a server."

    def __str__(self) -> str:
        # Operators know it without the driver, and without the time limits that are added.
        written = self.blocking.set(drivername=self.blocking.get_backend_name())
        return written.render_as_string(hide_password=True)


def read_url(text: str) -> StoreUrl:
    """Read `sqlite:///data/softswitch.db` or `postgresql://user:password@host/name`.

    A SQLite path with three slashes is relative to the working directory, with four absolute.
    Raises StoreError with a sentence that names the URL, without its password.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError("storage.url: expected sqlite:///path or postgresql://…") from None
    backend = url.drivername.partition("+")[0]
    drivers = DRIVERS.get(backend)
    if drivers is None:
        shown = url.render_as_string(hide_password=True)
        raise StoreError(f"storage.url: {shown}: expected sqlite:///path or postgresql://…")
    path = None
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise StoreError(f"storage.url: {text}: expected the path of a file")
        path = Path(url.database)
    return StoreUrl(url.set(drivername=drivers[0]), url.set(drivername=drivers[1]), path)
