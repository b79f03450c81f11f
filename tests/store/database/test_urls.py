"""The `storage.url` of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.store.database.urls import read_url
from softswitch.store.errors import StoreError


def test_sqlite_has_a_path_and_two_drivers() -> None:
    url = read_url("sqlite:///data/switch.db")
    assert url.path == Path("data/switch.db")
    assert url.blocking.drivername == "sqlite+pysqlite"
    assert url.awaiting.drivername == "sqlite+aiosqlite"
    assert str(url) == "sqlite:///data/switch.db"


def test_four_slashes_are_an_absolute_path() -> None:
    assert read_url("sqlite:////var/lib/switch.db").path == Path("/var/lib/switch.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg"])
def test_postgresql_uses_one_driver_for_both(scheme: str) -> None:
    url = read_url(f"{scheme}://user:hunter2@db.example/switch")
    assert url.path is None
    assert url.blocking.drivername == url.awaiting.drivername == "postgresql+psycopg"
    assert (url.blocking.host, url.blocking.password) == ("db.example", "hunter2")
    assert str(url) == "postgresql://user:***@db.example/switch", "as an operator knows it"


@pytest.mark.parametrize("text", ["", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(StoreError, match=r"storage\.url"):
        read_url(text)


def test_the_sentence_about_another_database_hides_its_password() -> None:
    with pytest.raises(StoreError) as refused:
        read_url("mysql://user:hunter2@db.example/switch")
    assert "hunter2" not in str(refused.value)
