"""A store on a file of SQLite, and a journal of events on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softswitch.events.event_journal import EventJournal
from softswitch.store.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/switch.db"


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(url, tmp_path / "calls.spool")
    yield opened
    await opened.close()


@pytest.fixture
async def journal(store: Store) -> EventJournal:
    return await EventJournal.open(store.journal, store.reader)
