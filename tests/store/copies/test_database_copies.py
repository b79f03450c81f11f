"""Copies of databases: whole, of both kinds, and refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.store.copies.database_copies import (
    DatabaseRefuses,
    copied_as,
    copy_database,
    fill_database,
)
from softswitch.store.exchange.audit import add_audit_row, newest_audit_id
from softswitch.store.lists.audit import AuditFilter, list_audit
from softswitch.store.lists.pages import PartWanted
from softswitch.store.store import Store
from tests.postgresql import PostgreSql
from tests.store.lists.test_audit import row


async def test_a_database_of_postgresql_is_what_it_was(
    postgresql: PostgreSql, tmp_path: Path, spool: Path
) -> None:
    url, copy = postgresql.empty_database(), tmp_path / "copy"
    store = await Store.open(url, spool)
    await store.write(add_audit_row(row(1)))
    revision = copy_database(url, copy)
    assert revision.isdecimal()
    await store.write(add_audit_row(row(2)))
    await store.close()
    fill_database(url, copy)
    store = await Store.open(url, spool)
    assert await newest_audit_id(store.reader) == 1
    page = await list_audit(store.reader, AuditFilter(), PartWanted())
    assert list(page.rows) == [row(1)]
    await store.close()


def test_what_refuses_a_copy_is_told_without_the_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://desk:geheim@127.0.0.1:1/switch"
    with pytest.raises(DatabaseRefuses, match="pg_dump: ") as refused:
        copy_database(url, tmp_path / "copy")
    assert "geheim" not in str(refused.value)
    assert copied_as(url) != copied_as("sqlite:///switch.db")


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("desk:ge%2Fheim@db/switch?a=1&b=%20", "desk@db/switch?a=1&b=%20"),
        ("desk@db/switch?password=ge%2Fheim&a=1", "desk@db/switch?a=1"),
        ("desk:other@db/switch?a=1&p%61ssword=ge%2Fheim", "desk@db/switch?a=1"),
        ("db/switch?user=desk&password=ge%2Fheim", "db/switch?user=desk"),
    ],
)
def test_a_password_is_in_no_list_of_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, database: str
) -> None:
    program = tmp_path / "pg_restore"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" "$PGPASSWORD" >{tmp_path}/told\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    fill_database(f"postgresql+psycopg://{url}", tmp_path / "copy")
    told = (tmp_path / "told").read_text().splitlines()
    assert told == [f"--dbname=postgresql://{database}", "ge/heim"]


def test_programs_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseRefuses, match="there is no pg_restore: install"):
        fill_database("postgresql://127.0.0.1:1/switch", tmp_path / "copy")
