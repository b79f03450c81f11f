"""The lists of the settings whose entries may be added, changed and removed while it runs."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from softswitch.settings.exchange.users import HttpUser
from softswitch.settings.extensions import AnyExtension
from softswitch.settings.findings import found
from softswitch.settings.tables import Settings

FIRST_USER = HttpUser(username="admin")
"The user that there is where the settings name none."

Body = Mapping[str, Any]
"The keys and values of an entry, as the settings file would have them."


class EntryRefused(ValueError):
    """An entry is wrong by itself: one pair of key and sentence for every mistake."""

    def __init__(self, mistakes: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {wrong}" for key, wrong in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class EntryKind:
    """One of these lists."""

    plural: str
    "What it is called in paths, commands and the store."
    singular: str
    "What sentences call an entry."
    keys: tuple[str, ...]
    "The keys that name an entry; the first that it has does."
    section: str
    "The table of the settings that holds it."
    inside: str = ""
    "The key within that table, where the table is more than this list."
    is_ordered: bool = False
    "Whether the order of the entries matters."

    def of(self, settings: Settings) -> tuple[BaseModel, ...]:
        """All entries in these settings."""
        value = getattr(settings, self.section)
        entries: tuple[BaseModel, ...] = getattr(value, self.inside) if self.inside else value
        # Where the settings name no user there is one all the same.
        return entries or ((FIRST_USER,) if self.plural == "users" else ())

    def put(self, settings: Settings, entries: Sequence[BaseModel]) -> dict[str, Any]:
        """The change of `settings` that gives them these entries, for `model_copy`."""
        if not self.inside:
            return {self.section: tuple(entries)}
        table: BaseModel = getattr(settings, self.section)
        return {self.section: table.model_copy(update={self.inside: tuple(entries)})}

    @property
    def place(self) -> str:
        """How keys of its entries begin where mistakes name them."""
        return f"{self.section}.{self.inside}" if self.inside else self.section

    def name_of(self, entry: BaseModel | Body) -> str:
        """The name of an entry; empty where it has none."""
        for key in self.keys:
            value = entry.get(key) if isinstance(entry, Mapping) else getattr(entry, key, None)
            if value is not None and value != "":
                return str(value)
        return ""

    def names_of(self, entries: Iterable[BaseModel]) -> dict[str, BaseModel]:
        """All entries by their names; of several of one name the further ones get `~2`, `~3` …"""
        named: dict[str, BaseModel] = {}
        for entry in entries:
            named[free_name(self.name_of(entry), named)] = entry
        return named

    def read(self, body: Body) -> BaseModel:
        """The entry of a body. Raises EntryRefused."""
        mistakes = [
            (key, "expected the secret itself; files are for the settings file")
            for key in body
            if key.endswith("_file")
        ]
        if mistakes:
            raise EntryRefused(mistakes)
        given = {"type": "phone", **body} if self.section == "extensions" else dict(body)
        try:
            entry: BaseModel = self.adapter.validate_python(copy.deepcopy(given))
        except ValidationError as error:
            raise EntryRefused(list(map(self._mistake, error.errors()))) from None
        return entry

    def _mistake(self, detail: Any) -> tuple[str, str]:
        prefix = (self.section, self.inside, 0) if self.inside else (self.section, 0)
        key, wrong = found(detail, (*prefix, *detail["loc"]))
        return key.removeprefix(f"{self.place}[0]").removeprefix("."), wrong

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """What reads an entry of these, by the model that the settings have for it."""
        model: type[BaseModel] = Settings
        if self.inside:
            table = Settings.model_fields[self.section].annotation
            assert isinstance(table, type) and issubclass(table, BaseModel)
            model = table
        field = model.model_fields[self.inside or self.section]
        return TypeAdapter(get_args(field.annotation)[0])


def types_of_extensions() -> Sequence[str]:
    """Every type that an extension may have, in the order of the settings."""
    return list(_models_by_type())


def model_of_type(type_name: str) -> type[BaseModel]:
    """The model of the extensions of a type. Raises KeyError."""
    return _models_by_type()[type_name]


@cache
def _models_by_type() -> Mapping[str, type[BaseModel]]:
    models: Sequence[type[BaseModel]] = get_args(AnyExtension)
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}


def plural_of(type_name: str) -> str:
    """What paths and commands call the extensions of a type: `echoes`, `groups`."""
    return type_name + ("es" if type_name.endswith(("o", "s", "x", "ch")) else "s")


def free_name(name: str, taken: Mapping[str, object]) -> str:
    """The name, or with `~2`, `~3` … behind it where it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}~{number}"
    return free


ENTRY_KINDS: tuple[EntryKind, ...] = (
    EntryKind("extensions", "extension", ("number", "range"), "extensions"),
    EntryKind("trunks", "trunk", ("name",), "trunks"),
    EntryKind("routes", "route", ("name", "number", "regex"), "routes", is_ordered=True),
    EntryKind("calendars", "calendar", ("name",), "calendars"),
    EntryKind("budgets", "budget", ("name",), "budgets"),
    EntryKind("addressbooks", "address book", ("name",), "addressbooks"),
    EntryKind("lamp_lists", "lamp list", ("name",), "lamp_lists"),
    EntryKind("prompts", "prompt", ("name",), "prompts"),
    EntryKind("users", "user", ("username",), "http", "users"),
)
"All of them; every list of the settings whose part takes it in place."

BY_PLURAL: Mapping[str, EntryKind] = {kind.plural: kind for kind in ENTRY_KINDS}


def shown(entry: BaseModel, body: Body | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """An entry as JSON, with only the keys that were given, and the secrets that it has beside.

    `body` is what it was read from, where that is known.
    """
    hidden, kept = _secrets(entry)
    if body is None:
        values = entry.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=hidden)
    else:
        values = _without(body, hidden)
    return values, tuple(sorted(kept))


def typed(body: Body, entry: BaseModel) -> dict[str, Any]:
    """The body as a settings file would have it: a number that came as a text is a number.

    `entry` is what was read from it.
    """
    aliases = _aliases(type(entry))
    return {
        key: _typed_value(value, getattr(entry, aliases.get(key, key), None))
        for key, value in body.items()
    }


@cache
def _aliases(model: type[BaseModel]) -> Mapping[str, str]:
    """The fields of a model that settings call otherwise, by what they call them."""
    return {field.alias: name for name, field in model.model_fields.items() if field.alias}


def _typed_value(value: Any, read: Any) -> Any:
    """A value of a body by what a model made of it."""
    if isinstance(value, str):
        if isinstance(read, float) and read.is_integer():
            return int(read)
        return read if isinstance(read, bool | int | float) else value
    if isinstance(value, Mapping) and isinstance(read, BaseModel):
        return typed(value, read)
    if isinstance(value, list | tuple) and isinstance(read, list | tuple):
        pairs = zip(value, read, strict=False)
        return [_typed_value(*pair) for pair in pairs] if len(value) == len(read) else value
    return value


def _without(body: Any, hidden: Any) -> Any:
    """A body without what is hidden of its model."""
    if isinstance(body, Mapping):
        return {
            key: _without(value, hidden.get(key, {}))
            for key, value in body.items()
            if hidden.get(key) is not True
        }
    if isinstance(body, list | tuple):
        return [_without(value, hidden.get(index, {})) for index, value in enumerate(body)]
    return body


def _secrets(entry: BaseModel) -> tuple[dict[str, Any], list[str]]:
    """What to leave out of a model, as pydantic wants it, and which of these have a value."""
    hidden: dict[str, Any] = {}
    kept: list[str] = []
    for name, field in type(entry).model_fields.items():
        value = getattr(entry, name)
        if not field.repr:
            hidden[name] = True
            kept += [name] if value is not None else []
        elif isinstance(value, BaseModel):
            hidden[name], below = _secrets(value)
            kept += [f"{name}.{each}" for each in below]
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            hidden[name] = {index: _secrets(each)[0] for index, each in enumerate(value)}
    return hidden, kept
