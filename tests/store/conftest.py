"""A store on a database of its own for each test: once on SQLite, once on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softswitch.store.store import Store
from tests.postgresql import PostgreSql


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where records of calls wait."""
    return tmp_path / "calls.spool"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables; that of SQLite does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/switch.db"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.empty_database()


@pytest.fixture
async def store(url: str, spool: Path) -> AsyncIterator[Store]:
    """An open, empty store."""
    opened = await Store.open(url, spool)
    yield opened
    await opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a SQLite database, in a folder that does not exist yet."""
    return tmp_path / "data" / "switch.db"


@pytest.fixture
def file_url(path: Path) -> str:
    """The URL of that file."""
    return f"sqlite:///{path}"


@pytest.fixture
async def file_store(file_url: str, spool: Path) -> AsyncIterator[Store]:
    """An open, empty store in that file."""
    opened = await Store.open(file_url, spool)
    yield opened
    await opened.close()
