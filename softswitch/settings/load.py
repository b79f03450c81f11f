"""Reads the settings from file and environment; every mistake becomes one line.

Read in this order, the later ones winning: the defaults in `softswitch/settings/`, the TOML file,
environment variables (`SOFTSWITCH_SIP__DOMAIN=example.org`; lists as JSON). A key that the models
do not have is an error. `config/softswitch.toml` shows every key once.
"""

from __future__ import annotations

import copy
import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from softswitch.settings.connections import (
    BUILT_IN,
    Connection,
    MessageRouteSettings,
    MessageSettings,
)
from softswitch.settings.dialplan import Addressbook, RouteSettings, TrunkSettings
from softswitch.settings.extensions import AnyExtension
from softswitch.settings.mistakes import PREFIX, line
from softswitch.settings.server import (
    GuardSettings,
    HistorySettings,
    HttpSettings,
    LimitSettings,
    LoggingSettings,
    MediaSettings,
    NotificationSettings,
    OzmlSettings,
    ShutdownSettings,
    SipSettings,
    StorageSettings,
)

TAGGED = ("extensions", "connections")
"Lists whose elements have a type; pydantic puts it between the index and the key of a mistake."

NEARLY = 0.8
"The likeness from which a variable counts as a misspelt name of ours; 1 is the same."

SENTENCES = {
    "missing": "missing, expected a value",
    "union_tag_not_found": 'missing type, expected for example type = "phone"',
    "string_type": "expected a text in quotes",
    "path_type": "expected a path in quotes",
    "model_type": "expected a table",
    "model_attributes_type": "expected a table",
    "tuple_type": "expected a list",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_too_short": "expected a text that is not empty",
    "string_too_long": "expected at most {max_length} characters",
    "too_short": "expected at least one element",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "expected a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "expected a number"),
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected at least {ge:g}",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected at most {le:g}",
}
"The sentence instead of pydantic's message, by its kind of mistake."


class ConfigurationError(Exception):
    """The operator's mistakes, one line each: file, key, what was expected."""

    def __init__(self, lines: Sequence[str], rest: Settings | None = None) -> None:
        """`rest` are the settings without what is wrong, whose files can still be looked at."""
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
        self.rest = rest


class Settings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__"
    )

    sip: SipSettings = SipSettings()
    media: MediaSettings = Field(default_factory=MediaSettings)
    http: HttpSettings = HttpSettings()
    storage: StorageSettings = StorageSettings()
    ozml: OzmlSettings = OzmlSettings()
    history: HistorySettings = HistorySettings()
    notifications: NotificationSettings = NotificationSettings()
    guard: GuardSettings = GuardSettings()
    limits: LimitSettings = LimitSettings()
    logging: LoggingSettings = LoggingSettings()
    shutdown: ShutdownSettings = ShutdownSettings()
    extensions: tuple[Annotated[AnyExtension, Field(discriminator="type")], ...] = ()
    trunks: tuple[TrunkSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    addressbooks: tuple[Addressbook, ...] = ()
    connections: tuple[Connection, ...] = ()
    messages: MessageSettings = MessageSettings()
    message_routes: tuple[MessageRouteSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the values that `load` read from the file."""
        return _Environment(settings_cls), init_settings


def load(path: Path) -> Settings:
    """Read the settings, raising ConfigurationError with one line for every mistake."""
    table = _read_toml(path)
    lines = list(_unknown_variables())
    try:
        settings = Settings(**table)
    except ValidationError as error:
        details = error.errors()
        lines += [_line(path, detail, table) for detail in details]
        rest = _rest(table, details)
        if rest is not None and not _in_lists(table, details):
            lines += [line(path, key, wrong, rest) for key, wrong in _contradictions(rest)]
        raise ConfigurationError(lines, rest) from None
    except SettingsError as error:
        raise ConfigurationError([*lines, _unreadable_variable(error)]) from None
    lines += [line(path, key, wrong, settings) for key, wrong in _contradictions(settings)]
    if lines:
        raise ConfigurationError(lines, settings)
    return settings


IN_ITS_PLACE = {"number": "0", "type": "echo"}
"What stands for an extension that is wrong, so that those behind it keep their places."


def _in_lists(table: Mapping[str, Any], details: Sequence[ErrorDetails]) -> bool:
    """Whether an entry of a list is wrong: others that name it would seem to be wrong as well."""
    return any(isinstance(table.get(str(detail["loc"][0])), list) for detail in details)


def _rest(table: Mapping[str, Any], details: Sequence[ErrorDetails]) -> Settings | None:
    """The settings without what is wrong; None where the environment is, too."""
    kept = copy.deepcopy(dict(table))
    for detail in details:
        section, *inside = detail["loc"]
        value = kept.get(str(section))
        if section == "extensions" and isinstance(value, list) and inside:
            value[int(inside[0])] = IN_ITS_PLACE
        elif isinstance(value, dict) and inside:
            value.pop(str(inside[0]), None)
        else:
            kept.pop(str(section), None)
    try:
        return Settings(**kept)
    except (ValidationError, SettingsError):
        return None


def _unreadable_variable(error: SettingsError) -> str:
    """The line for a variable that begins like JSON and is none."""
    named = re.search(r'field "(\w+)"', str(error))
    variable = PREFIX + named[1].upper() if named else "environment"
    return f"{variable}: expected JSON, such as lists and tables need in a variable"


def _unknown_variables() -> Iterator[str]:
    """One line for every variable that would override a table if that had its name.

    Other variables may begin like ours: those of voices, or of container networks
    (`SOFTSWITCH_PORT_5060_TCP`). Without two underscores only what is nearly a name of ours counts.
    """
    known = list(Settings.model_fields)
    for variable in sorted(os.environ):
        if not variable.upper().startswith(PREFIX):
            continue
        name, nested, _ = variable[len(PREFIX) :].lower().partition("__")
        if name not in known and (nested or difflib.get_close_matches(name, known, 1, NEARLY)):
            yield f"{variable}: {name}: {_unknown(name, known)}"


class _Environment(EnvSettingsSource):
    """Environment variables of which only those that look like JSON are read as JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Leave `10000-19999` and `127.0.0.1:9509` to the readers of the models."""
        if isinstance(value, str) and value[:1] not in ("[", "{"):
            return value
        return super().decode_complex_value(field_name, field, value)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from None
    except ValueError as error:
        raise ConfigurationError([f"{path}: expected TOML: {error}"]) from None


def _line(path: Path, detail: ErrorDetails, table: dict[str, Any]) -> str:
    """One mistake: where it stands, the key, what was expected."""
    loc = detail["loc"]
    tag = str(loc[2]) if len(loc) > 2 and loc[0] in TAGGED else None
    place = loc if tag is None else (*loc[:2], *loc[3:])
    return line(path, _key(place), _expected(detail, place, tag), table)


def _key(place: Sequence[int | str]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _expected(detail: ErrorDetails, place: Sequence[int | str], tag: str | None) -> str:
    """What pydantic found, said in the words of the file."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(str(place[-1]), _known_keys(place[:-1], tag))
        case "union_tag_invalid":
            return f"expected type to be one of {context['expected_tags']}, not {context['tag']!r}"
        case "string_pattern_mismatch":
            return f"expected a text that matches {context['pattern']}"
        case kind:
            message = detail["msg"].removeprefix("Value error, ")
            if kind not in SENTENCES:
                return message.replace("Input should be", "expected")
            return SENTENCES[kind].format(**context)


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"unknown key, {hint}"


def _known_keys(place: Sequence[int | str], tag: str | None) -> list[str]:
    """The keys that the table at this place may have."""
    model: type[BaseModel] = Settings
    for part in place:
        if isinstance(part, str):
            choices = list(_models_in(model.model_fields[part].annotation))
            model = next((choice for choice in choices if _has_tag(choice, tag)), choices[0])
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _has_tag(model: type[BaseModel], tag: str | None) -> bool:
    field = model.model_fields.get("type")
    return field is not None and tag in get_args(field.annotation)


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong between tables that are each right: (key, what was expected)."""
    yield from _repeated("extensions", _claims(settings.extensions))
    for key in ("trunks", "addressbooks", "connections"):
        yield from _repeated(key, enumerate(entry.name for entry in getattr(settings, key)))
    numbers = {number for _, number in _claims(settings.extensions)}
    yield from _route_contradictions(settings, numbers)
    yield from _extension_contradictions(settings, numbers)
    yield from _message_contradictions(settings)
    if settings.media.pairs < settings.media.workers:
        yield (
            "media.ports",
            (
                "expected an even port with the odd one above it for each of media.workers "
                f"({settings.media.workers}), there are {settings.media.pairs} such pairs"
            ),
        )


def _route_contradictions(settings: Settings, numbers: Set[str]) -> Iterator[tuple[str, str]]:
    """Routes to what is not there, and for extensions that are not there."""
    trunks = {trunk.name for trunk in settings.trunks}
    for index, route in enumerate(settings.routes):
        kind, _, name = route.to.partition(":")
        if route.to != "extension:*" and name not in (trunks if kind == "trunk" else numbers):
            a = "an" if kind == "extension" else "a"
            yield f"routes[{index}].to", f"expected {a} {kind} of this file, not {name!r}"
        for user in route.extensions:
            if user not in numbers:
                yield f"routes[{index}].extensions", f"expected an extension, not {user!r}"


def _extension_contradictions(settings: Settings, numbers: Set[str]) -> Iterator[tuple[str, str]]:
    """Extensions that name others which are not there, or themselves, or no application."""
    for index, extension in enumerate(settings.extensions):
        if extension.type == "api" and not (extension.url or settings.notifications.incoming_call):
            yield (
                f"extensions[{index}].url",
                "missing, expected a URL here or in notifications.incoming_call",
            )
        key, others = extension.named_extensions()
        for other in others:
            if other not in numbers:
                yield f"extensions[{index}].{key}", f"expected an extension, not {other!r}"
            elif other in extension.numbers():
                itself = f"the {extension.type} itself"
                yield f"extensions[{index}].{key}", f"expected others than {itself}"


def _message_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong between connections and the routes of messages."""
    names = {*BUILT_IN, *(connection.name for connection in settings.connections)}
    for index, connection in enumerate(settings.connections):
        if connection.name in BUILT_IN:
            yield f"connections[{index}].name", f"{connection.name} is built in, expected another"
    for index, route in enumerate(settings.message_routes):
        for name in route.connections:
            if name not in names:
                yield (
                    f"message_routes[{index}].connections",
                    f"expected a connection of this file, not {name!r}",
                )


def _claims(extensions: Sequence[AnyExtension]) -> Iterator[tuple[int, str]]:
    for index, extension in enumerate(extensions):
        for number in extension.numbers():
            yield index, number


def _repeated(key: str, claims: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Names and numbers that two entries claim; one line for a pair of entries."""
    owners: dict[str, int] = {}
    reported: set[tuple[int, int]] = set()
    for index, name in claims:
        first = owners.setdefault(name, index)
        if first != index and (first, index) not in reported:
            reported.add((first, index))
            yield f"{key}[{index}]", f"{name} is already in {key} #{first + 1}, expected it once"
