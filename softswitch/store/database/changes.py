"""What is written: a change is one row, a kind of change is a statement for many of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Delete, Executable, Table, delete
from sqlalchemy.types import TypeEngine

from softswitch.store.database.given import Given, Row, types_of


class Order(IntEnum):
    """When the statements of one batch run; rows of different kinds are grouped by it."""

    INSERT = 0
    UPDATE = 1
    COMPLETE = 2
    "The last update of a row, which none of the others may follow."
    DELETE = 3


class Prepared(NamedTuple):
    """A statement for one dialect."""

    given: Given
    statement: Executable


@dataclass(frozen=True, eq=False)
class ChangeKind:
    """One kind of write: a statement that is executed with many rows at once."""

    name: str
    "For logs, errors and the spool."
    order: Order
    types: Mapping[str, TypeEngine[Any]]
    "The values that a row brings, with their types."
    statement: Callable[[Given], Executable]
    "The statement, made of the values of its rows."
    whole: bool = False
    "A change stands for the whole row: the last one of a batch replaces those before it."
    prepared: dict[str, Prepared] = field(default_factory=dict, repr=False)

    def for_dialect(self, dialect: str) -> Prepared:
        """The statement, made once a dialect so that SQLAlchemy finds it in its cache."""
        made = self.prepared.get(dialect)
        if made is None:
            given = Given(dialect, self.types)
            made = self.prepared[dialect] = Prepared(given, self.statement(given))
        return made


def saving(name: str, table: Table) -> ChangeKind:
    """Writes rows of a table, new ones or in place of those with their keys."""
    types, upsert = types_of(table), lambda given: given.upserted(table)
    return ChangeKind(name, Order.INSERT, types, upsert, whole=True)


def dropping(name: str, table: Table, *key: str) -> ChangeKind:
    """Removes rows of a table, if they are there, by the values of these columns."""

    def drop(given: Given) -> Delete:
        return delete(table).where(*(table.c[each] == given[each] for each in key))

    types = {each: table.c[each].type for each in key}
    return ChangeKind(name, Order.DELETE, types, drop, whole=True)


class Change(NamedTuple):
    """One row to write."""

    kind: ChangeKind
    key: tuple[str, object]
    "Table and key of the row: changes of `whole` kinds with the same key replace one another."
    row: Row
    "The values that the statement names."


class Write(Protocol):
    """Writes changes: all of them or none."""

    def __call__(self, *changes: Change) -> Awaitable[None]:
        """Done when they are on disk; raises StoreError when they cannot be."""


class Group(NamedTuple):
    """Rows of one kind, each with a key of its own, for one execution of its statement."""

    kind: ChangeKind
    rows: list[Row]


def grouped(changes: Iterable[Change]) -> list[Group]:
    """The rows by kind, kinds in their order; a second change of one row is in a later group.

    Of `whole` kinds, only the last change of a row is there.
    """
    kept: dict[object, Change] = {}
    for number, change in enumerate(changes):
        key: object = change.key if change.kind.whole else number
        kept.pop(key, None)
        kept[key] = change
    groups: dict[tuple[ChangeKind, int], list[Row]] = {}
    seen: dict[tuple[ChangeKind, object], int] = {}
    for change in kept.values():
        name = change.kind, change.key
        turn = seen[name] = seen.get(name, -1) + 1
        groups.setdefault((change.kind, turn), []).append(change.row)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0].order, group[0][1]))
    return [Group(kind, rows) for (kind, _), rows in ordered]


def execute(connection: Connection, groups: Iterable[Group]) -> None:
    """Run the statements of all groups, in their order."""
    for kind, rows in groups:
        given, statement = kind.for_dialect(connection.dialect.name)
        connection.execute(statement, given.parameters(rows))
