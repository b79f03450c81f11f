"""Every key of the settings as it is in effect: its value, where that comes from, what waits.

Secrets are never among the values, nor what stands for one in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import BaseModel

from softswitch.live.kinds_of_entries import ENTRY_KINDS
from softswitch.live.snapshot import Snapshot
from softswitch.settings.load import Settings
from softswitch.settings.mistakes import source_of
from softswitch.settings.tables import Environment
from softswitch.settings.values import ListenAddress, join_host_port

Where = Literal["default", "file", "environment", "api"]

MASK = "***"
"What stands in place of a secret."
_USER_INFO = re.compile(r"(://[^/@:\s]*:)[^/\s]*(?=@)")
_IN_QUERY = re.compile(r"([?&][^=&#]*(?:pass|pw|pin|token|secret|key|auth)[^=&#]*=)[^&#]+", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSetting:
    """One key and its value."""

    key: str
    "Such as `sip.domain`, or `connections[0].host` for the first entry of a list."
    model: type[BaseModel]
    "The class of its table."
    name: str
    "Of the key in that class."
    value: Any
    "As JSON has it; of a list of entries how many come from the file and how many by the API."
    source: Where
    variable: str = ""
    "The environment variable that it comes from."
    is_secret: bool = False
    reload: bool
    "Whether a reload of the file takes another value."
    waiting: Any = None
    "The value that the file has now, where it waits for a restart."
    is_waiting: bool = False
    entries: str = ""
    "For a list of entries: what paths call it."
    read: object = field(default=None, repr=False)
    "What was read, secrets as well: it is compared, and never shown."


def effective(
    running: Settings, now: Snapshot, is_live: Callable[[str, str], bool]
) -> Iterator[EffectiveSetting]:
    """All keys in the order of the settings.

    `running`: those that the switch has started with; `is_live`: whether a reload takes a table, or
    a key of it.
    """
    environment = Environment(Settings)()
    lists = {(kind.section, kind.inside): kind.plural for kind in ENTRY_KINDS}
    for table in Settings.model_fields:
        started, read = getattr(running, table), getattr(now.file, table)
        if (table, "") in lists:
            yield _entries(now, lists[table, ""], table)
            continue
        is_table = isinstance(read, BaseModel)
        for name in type(read).model_fields if is_table else ("",):
            if (table, name) in lists:
                yield _entries(now, lists[table, name], f"{table}.{name}")
                continue
            walk = _Walk(now, environment, is_live(table, name))
            if is_table:
                yield from walk.running(started, read, name, table)
            else:
                yield from walk.running(running, now.file, table)


def _waiting(
    rows: list[EffectiveSetting], new: list[EffectiveSetting]
) -> Iterator[EffectiveSetting]:
    """The rows with what the file has now, where that is another value; and rows that are new."""
    named, known = {row.key: row for row in new}, {row.key for row in rows}
    yield from (
        replace(row, value=None, is_waiting=True, waiting=row.value)
        for row in new
        if row.key not in known
    )
    for row in rows:
        other = named.get(row.key)
        differs = other is None or other.read != row.read
        yield replace(row, is_waiting=differs, waiting=None if other is None else other.value)


def _entries(now: Snapshot, plural: str, key: str) -> EffectiveSetting:
    """The row of a list of entries, which has a path of its own."""
    fixed, added = len(now.fixed[plural]), len(now.entries[plural])
    table, _, name = key.partition(".")
    is_given = table in now.file.model_fields_set
    return EffectiveSetting(
        key=key,
        model=type(getattr(now.file, table)) if name else Settings,
        name=name or table,
        value={"file": fixed, "api": added},
        source="api" if added else "file" if is_given else "default",
        reload=True,
        entries=plural,
    )


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through tables and lists of tables, key by key."""

    now: Snapshot
    environment: Mapping[str, Any]
    "What the variables say."
    reload: bool
    "Whether a reload takes the keys."

    def running(
        self, started: BaseModel, read: BaseModel, name: str, around: str = ""
    ) -> Iterator[EffectiveSetting]:
        """The rows of a field of a table of the file, where another may have been started with."""
        new = self.field(read, name, around)
        if self.reload or getattr(read, name) == getattr(started, name):
            yield from new
        else:
            yield from _waiting(list(self.field(started, name, around)), list(new))

    def field(self, table: BaseModel, name: str, around: str = "") -> Iterator[EffectiveSetting]:
        """The rows of a field: one, or more where it holds tables."""
        of, value = type(table).model_fields[name], getattr(table, name)
        key = ".".join(filter(None, (around, of.alias or name)))
        if isinstance(value, BaseModel):
            yield from self._table(value, key)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for index, each in enumerate(value):
                yield from self._table(each, f"{key}[{index}]")
        else:
            source, variable = self._source(key, is_given=name in table.model_fields_set)
            hidden = MASK if value is not None else None
            yield EffectiveSetting(
                key=key,
                model=type(table),
                name=name,
                value=plain(value) if of.repr else hidden,
                source=source,
                variable=variable,
                is_secret=not of.repr,
                reload=self.reload,
                read=value,
            )

    def _table(self, table: BaseModel, key: str) -> Iterator[EffectiveSetting]:
        for name in type(table).model_fields:
            yield from self.field(table, name, key)

    def _source(self, key: str, *, is_given: bool) -> tuple[Where, str]:
        """Where a value comes from, and the variable where that is the environment."""
        variable = source_of(self.now.path, key)
        if variable != str(self.now.path) and _names(self.environment, key):
            return "environment", variable
        return ("file" if is_given else "default"), ""


def _names(given: Any, key: str) -> bool:
    """Whether the environment has a value for the key, or for a list around it."""
    for step in re.findall(r"\w+", key):
        if isinstance(given, list | tuple):
            return True
        if not isinstance(given, Mapping) or step not in given:
            return False
        given = given[step]
    return True


def plain(value: object) -> Any:
    """A value as JSON has it, and as the file would; passwords in URLs are masked."""
    match value:
        case None | bool() | int() | float():
            shown: Any = value
        case range():
            shown = f"{value.start}-{value.stop - 1}"
        case ListenAddress():
            shown = str(value)
        case (str(host), int(port)):
            shown = join_host_port(host, port)
        case BaseModel():
            fields = type(value).model_fields.items()
            shown = {name: plain(getattr(value, name)) for name, field in fields if field.repr}
        case tuple() | list() | set() | frozenset():
            shown = [plain(each) for each in value]
        case Mapping():
            shown = {str(name): plain(each) for name, each in value.items()}
        case _:
            shown = masked(str(value))
    return shown


def masked(text: str) -> str:
    """A text without the passwords and tokens of a URL in it."""
    return _IN_QUERY.sub(rf"\1{MASK}", _USER_INFO.sub(rf"\1{MASK}", text))
