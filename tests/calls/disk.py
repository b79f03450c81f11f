"""The database of a scene: what its journals have written, as a switch finds it that starts anew.

SQLite in memory, with the statements of the store and without its threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import create_engine, select
from sqlalchemy.pool import StaticPool

from softswitch.store import calls
from softswitch.store.database.changes import Change, execute, grouped
from softswitch.store.exchange.agents import LoginRow, PauseRow
from softswitch.store.exchange.choices import ChoiceRow
from softswitch.store.tables import AGENT_PAUSES, CALLS, CHOICES, METADATA, QUEUE_LOGINS


class Written(Protocol):
    """A journal that says what is on disk."""

    durable: list[Change]


class Disk:
    """Takes what is written, and tells what there is."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        METADATA.create_all(self._engine)

    def take(self, *journals: Written) -> None:
        """Write what the journals have made durable since the last time."""
        for journal in journals:
            changes, journal.durable = journal.durable, []
            with self._engine.begin() as connection:
                execute(connection, grouped(changes))

    def close_interrupted(self) -> int:
        """End the calls that an earlier life has left, as the store does at its start."""
        with self._engine.begin() as connection:
            return calls.close_interrupted(connection)

    def choices(self, of: str) -> list[ChoiceRow]:
        """What was chosen for things of a kind."""
        return [ChoiceRow(**row) for row in self._rows(select(CHOICES).where(CHOICES.c.of == of))]

    def agents(self) -> tuple[list[LoginRow], list[PauseRow]]:
        """All logins, oldest first, and all pauses."""
        logins = self._rows(select(QUEUE_LOGINS).order_by(QUEUE_LOGINS.c.since))
        pauses = self._rows(select(AGENT_PAUSES))
        return [LoginRow(**row) for row in logins], [PauseRow(**row) for row in pauses]

    def calls(self) -> dict[str, Mapping[str, Any]]:
        """The history, by call id."""
        return {row["call_id"]: row for row in self._rows(select(CALLS))}

    def close(self) -> None:
        """Forget everything."""
        self._engine.dispose()

    def _rows(self, query: Any) -> list[Mapping[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]
