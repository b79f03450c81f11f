"""What is wrong with a JSON body, in words of ours: each field, and what was expected there."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from softswitch.settings.mistakes import did_you_mean

T = TypeVar("T")

MOST = 1000
"Faults of one body that are told."
LONGEST = 40
"Characters of a wrong value that are told."


class BodyFault(NamedTuple):
    """What is wrong with one field of a body."""

    path: str
    "Such as `changes[3].action`; empty for the body itself."
    wrong: str

    def __str__(self) -> str:
        return f"{self.path}: {self.wrong}" if self.path else self.wrong


class FaultyBody(msgspec.ValidationError):
    """A body with faults: JSON, but not what was expected."""

    def __init__(self, faults: list[BodyFault]) -> None:
        super().__init__("; ".join(map(str, faults[:3])) + ("; …" if len(faults) > 3 else ""))
        self.faults = faults


def decoded(octets: bytes | msgspec.Raw, kind: type[T]) -> T:
    """JSON as a value of a class. Raises FaultyBody; msgspec.DecodeError for what is no JSON."""
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.ValidationError as error:
        found = list(islice(faults(msgspec.json.decode(octets), kind), MOST))
        raise FaultyBody(found or [BodyFault("", str(error))]) from None


def faults(value: object, kind: Any, path: str = "") -> Iterator[BodyFault]:
    """All that is wrong with a value of JSON that is to be of a class."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        yield from _parts(value, kind, path)


def _parts(value: object, kind: Any, path: str) -> Iterator[BodyFault]:
    """The same of a value that is wrong: of its fields, or of itself."""
    for each in _choices(kind):
        origin, within = get_origin(each), get_args(each)
        if isinstance(value, dict) and isinstance(each, type) and issubclass(each, msgspec.Struct):
            yield from _fields(value, each, path)
        elif isinstance(value, dict) and origin is dict:
            for key, one in value.items():
                yield from faults(one, within[1], _below(path, str(key)[:LONGEST]))
        elif isinstance(value, list) and origin in (list, tuple):
            for index, one in enumerate(value):
                yield from faults(one, within[0], f"{path}[{index}]")
        else:
            continue
        return
    yield BodyFault(path, f"expected {expected(kind)}{_not(value, kind)}")


def _fields(value: Mapping[str, Any], kind: type[msgspec.Struct], path: str) -> Iterator[BodyFault]:
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, one in value.items():
        if name not in known:
            if kind.__struct_config__.forbid_unknown_fields:
                hint = did_you_mean(name, known) or f", expected one of {', '.join(known)}"
                yield BodyFault(_below(path, name[:LONGEST]), f"unknown field{hint}")
            continue
        yield from faults(one, known[name].type, _below(path, name))
    for name, field in known.items():
        if field.required and name not in value:
            yield BodyFault(_below(path, name), f"missing, expected {expected(field.type)}")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _choices(kind: Any) -> Iterator[Any]:
    """The classes of which a value may be one, without their bounds."""
    if get_origin(kind) is Annotated:
        yield from _choices(get_args(kind)[0])
    elif get_origin(kind) in (Union, types.UnionType):
        for each in get_args(kind):
            yield from _choices(each)
    else:
        yield kind


def _not(value: object, kind: Any) -> str:
    """What the value is: itself where it cannot be a secret, else only what JSON calls it."""
    names = _names(kind)
    if isinstance(value, dict):
        return ", not an object"
    if isinstance(value, list):
        return ", not a list"
    open_kinds = all(each in (int, float, bool, type(None)) for each in _choices(kind))
    if isinstance(value, str) and (names or open_kinds):
        shown = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        return f", not {shown!r}{did_you_mean(value, names)}"
    if isinstance(value, bool) or value is None:
        return f", not {msgspec.json.encode(value).decode()}"
    if isinstance(value, int | float):
        return f", not {value}" if open_kinds else ", not a number"
    return ""


def _names(kind: Any) -> list[str]:
    """The words that a value may be, where only some words are."""
    found: list[str] = []
    for each in _choices(kind):
        if isinstance(each, type) and issubclass(each, enum.Enum):
            found += [str(member.value) for member in each]
        elif get_origin(each) is Literal:
            found += [str(name) for name in get_args(each)]
    return found


def expected(kind: Any) -> str:
    """What a class takes, in words."""
    if names := _names(kind):
        return f"one of {', '.join(names)}"
    return " or ".join(dict.fromkeys(_word(kind, each) for each in _choices(kind)))


def _word(kind: Any, each: Any) -> str:
    if each in (int, float):
        return _number(kind, "a whole number" if each is int else "a number")
    if each in (type(None), bool):
        return "true or false" if each is bool else "null"
    if get_origin(each) in (list, tuple):
        return "a list"
    if get_origin(each) is dict or (isinstance(each, type) and issubclass(each, msgspec.Struct)):
        return "an object"
    return _text(kind)


def _text(kind: Any) -> str:
    schema = _schema(kind, "pattern", "minLength", "maxLength")
    if "pattern" in schema:
        return f"a text that matches {schema['pattern']}"
    low, high = schema.get("minLength"), schema.get("maxLength")
    bounds = (f"at least {low}" if low else "", f"at most {high}" if high is not None else "")
    told = " and ".join(filter(None, bounds))
    return f"a text of {told} characters" if told else "a text"


def _number(kind: Any, word: str) -> str:
    schema = _schema(kind, "minimum", "maximum")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return word if high is None else f"{word} of at most {high}"
    return f"{word} from {low}{f' to {high}' if high is not None else ''}"


def _schema(kind: Any, *names: str) -> Mapping[str, Any]:
    """The bounds of these names, of the one among several choices that has some."""
    schema = msgspec.json.schema(kind)
    for each in (schema, *schema.get("anyOf", ())):
        if any(name in each for name in names):
            bounds: Mapping[str, Any] = each
            return bounds
    return {}
