"""Errors of the drivers, told in the words of the switch."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from softswitch.store.database.sentences import (
    ENDED,
    POSTGRESQL,
    SQLITE,
    UNKNOWN,
    UNREACHED,
    sentence,
)
from tests.ports import free_port


@pytest.mark.parametrize(("code", "words"), SQLITE.items())
def test_every_code_of_sqlite(code: int, words: str) -> None:
    error = sqlite3.OperationalError("words of SQLite")
    error.sqlite_errorcode = code | 5 << 8
    assert sentence(error) == words


def test_a_table_that_is_missing_is_not_told_in_the_words_of_the_driver(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql("SELECT 1 FROM nowhere")
    engine.dispose()
    assert sentence(caught.value) == "the tables are not those of the switch"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        *((state.ljust(5, "0"), words) for state, words in POSTGRESQL.items()),
        ("XX000", f"{UNKNOWN} (SQLSTATE XX000)"),
    ],
)
def test_every_code_of_postgresql(state: str, words: str) -> None:
    kind = type("ServerError", (psycopg.OperationalError,), {"sqlstate": state})
    kind.__module__ = "psycopg.errors"
    error = DBAPIError("SELECT 1", None, kind("words of the server"))
    assert sentence(error) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'connection failed: FATAL:  password authentication failed for user "a"',
            'the server says: password authentication failed for user "a"',
        ),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", UNREACHED),
        ("server closed the connection unexpectedly", ENDED),
    ],
)
def test_what_has_no_code(text: str, words: str) -> None:
    assert sentence(psycopg.OperationalError(text)) == words


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(f"host=127.0.0.1 port={free_port()} user=a dbname=a connect_timeout=2")
    assert sentence(caught.value) == UNREACHED


def test_a_pool_without_a_free_connection_and_what_is_not_known() -> None:
    assert sentence(PoolTimeout("QueuePool limit of size 5 overflow 0 reached")) == (
        "all connections to the server are in use"
    )
    assert sentence(RuntimeError("words of Python")) == UNKNOWN
