"""The database of the switches that the system tests start; `pytest --database` names its kind.

With `--database postgresql` the tests that know no switch, or bring a database of their own, are
left out: they would show nothing new. A test whose matter is a file of SQLite is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql import started
from tests.system import program
from tests.system.databases import OnServer


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests that `--database postgresql` concerns."""
    if config.getoption("database") == "sqlite":
        return
    chosen = [item for item in items if starts_a_switch(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    for item in items:
        mark = item.get_closest_marker("sqlite")
        if mark is not None:
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


def starts_a_switch(item: pytest.Item) -> bool:
    """Whether the module of a test starts switches, with the database that they are given."""
    names = vars(getattr(item, "module", None) or object())
    starts = names.get("running") is program.running or names.get("Program") is program.Program
    return starts and item.get_closest_marker("own_database") is None


@pytest.fixture(scope="session")
def _on_server(request: pytest.FixtureRequest) -> Iterator[OnServer | None]:
    """The databases of this process of the test run, on a server of its own."""
    if request.config.getoption("database") == "sqlite":
        yield None
        return
    server = started(durable=True)
    yield OnServer(server)
    server.close()


@pytest.fixture(autouse=True)
def _databases(_on_server: OnServer | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each switch of the test an empty database of the kind that was chosen."""
    if _on_server is None:
        yield
        return
    monkeypatch.setattr(program.Program, "databases", _on_server)
    yield
    _on_server.drop()
