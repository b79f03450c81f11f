"""Live settings on a database of their own, of a file that the test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from softswitch.live.live_settings import LiveSettings, Source
from softswitch.live.starting import open_live_settings
from softswitch.settings.load import load
from softswitch.settings.passwords import collect
from softswitch.store.store import Store

FILE = """
[storage]
url = "sqlite:///{folder}/switch.db"
[[http.users]]
username = "admin"
password = "pw-admin"
[[trunks]]
name = "carrier"
host = "192.0.2.1:5060"
[[routes]]
number = "0*"
to = "trunk:carrier"
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
[[extensions]]
range = "2000-2009"
type = "phone"
password = "pw{{number}}"
[[extensions]]
number = "600"
type = "echo"
"""


class Place:
    """A settings file and a database, in which settings can be opened more than once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "softswitch.toml"
        self.url = f"sqlite:///{folder}/switch.db"
        self.spool = folder / "calls.spool"
        self.path.write_text(FILE.format(folder=folder))
        self.looked: list[str] = []
        "Names of entries whose files were looked at."
        self.store: Store | None = None

    def write(self, old: str, new: str) -> None:
        """Replace a part of the file."""
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new))

    async def open(self) -> LiveSettings:
        """The settings as after a start."""
        if self.store is not None:
            await self.store.close()
        self.store = await Store.open(self.url, self.spool)
        source = Source(
            path=Path("softswitch.toml"),
            read=lambda: load(self.path),
            collect=collect,
            look=lambda entry: iter(()),
        )
        return await open_live_settings(load(self.path), self.store, source)


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    opened = Place(tmp_path)
    yield opened
    if opened.store is not None:
        await opened.store.close()


@pytest.fixture
async def live(place: Place) -> LiveSettings:
    return await place.open()
