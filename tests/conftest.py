"""What holds for every test: no task is left running, and nothing is reported to the event loop.

Tests that need PostgreSQL get a server that they share, or one that they may stop.

Random input comes from hypothesis. The environment variable HYPOTHESIS_PROFILE says how much of it:
`default` tries a few examples and `ci` many, always the same ones, so that a change is judged by
itself; `search` tries new ones in every run.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from tests.postgresql import PostgreSql, started

# How long an example takes says more about a shared machine than about the code.
BUSY = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=BUSY,
)
settings.register_profile(
    "ci",
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=BUSY,
)
settings.register_profile(
    "search",
    max_examples=1000,
    deadline=None,
    print_blob=True,
    suppress_health_check=BUSY,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the switches of the system tests keep what outlives them."""
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="the database of the switches that tests/system starts; postgresql: a server of "
        "Debian's package, started for the tests, with a database for each switch",
    )


@pytest.fixture(autouse=True)
def clean_loop(request: pytest.FixtureRequest) -> None:
    """Watch the event loop of every asynchronous test."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("_watched_loop")


@pytest_asyncio.fixture
async def _watched_loop() -> AsyncIterator[None]:
    """Fail on tasks that outlive the test and on what nobody caught."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    reports: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reports.append(context))
    yield
    gc.collect(1)
    await asyncio.sleep(0)
    ours = before | {asyncio.current_task()}
    leaked = [task for task in asyncio.all_tasks() if task not in ours]
    for task in leaked:
        task.cancel()
    if leaked:
        await asyncio.wait(leaked, timeout=1)
    assert not leaked, f"tasks left running: {leaked}"
    assert not reports, f"reported to the event loop: {reports}"


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """Every log event of the test, as dictionaries."""
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Free only what nobody refers to any more: a cycle stays in memory."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """One server for all tests that do not harm it."""
    server = started()
    yield server
    server.close()


@pytest.fixture(scope="session")
def restarting_postgresql() -> Iterator[PostgreSql]:
    """Another one, for the tests that stop it."""
    server = started()
    yield server
    server.close()


@pytest.fixture
def own_postgresql(restarting_postgresql: PostgreSql) -> PostgreSql:
    """A server that the test may stop; it runs, and its database is empty."""
    restarting_postgresql.resume_or_start()
    restarting_postgresql.empty_database()
    return restarting_postgresql
