"""A store on a file of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softswitch.store.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a database that does not exist yet, in a folder that does not exist yet."""
    return f"sqlite:///{tmp_path}/data/switch.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of `url`."""
    return tmp_path / "data" / "switch.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An open, empty store."""
    opened = await Store.open(url)
    yield opened
    await opened.close()
