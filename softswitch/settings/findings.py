"""What pydantic finds wrong with a value, said in the words of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from softswitch.settings.mistakes import LONGEST_NAME, did_you_mean, line
from softswitch.settings.tables import Settings

TAGGED = ("extensions", "connections")
"Lists whose elements have a type; pydantic puts it between the index and the key of a mistake."

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


def finding(path: Path, detail: ErrorDetails, table: dict[str, Any]) -> str:
    """One mistake: where it stands, the key, what was expected."""
    key, wrong = found(detail, detail["loc"])
    return line(path, key, wrong, table)


def found(detail: ErrorDetails, loc: Sequence[int | str]) -> tuple[str, str]:
    """The key of one mistake and what was expected; `loc` is its place in all of the settings."""
    tag = str(loc[2]) if len(loc) > 2 and loc[0] in TAGGED else None
    place = loc if tag is None else (*loc[:2], *loc[3:])
    return _key(place), _expected(detail, place, tag)


def _key(place: Sequence[int | str]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _expected(detail: ErrorDetails, place: Sequence[int | str], tag: str | None) -> str:
    """What pydantic found, said in the words of the file."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return unknown(str(place[-1]), _known_keys(place[:-1], tag))
        case "union_tag_invalid":
            words, given = context["expected_tags"], str(context["tag"])
            return f"expected type to be one of {words}{_not(given, words)}"
        case "literal_error":
            return f"expected {context['expected']}{_not(detail['input'], context['expected'])}"
        case "string_pattern_mismatch":
            return f"expected a text that matches {context['pattern']}"
        case kind:
            message = detail["msg"].removeprefix("Value error, ")
            if kind not in SENTENCES:
                return message.replace("Input should be", "expected")
            return SENTENCES[kind].format(**context)


def _not(given: object, words: str) -> str:
    """What a value is that should be one of some words, and which of them it may stand for."""
    if not isinstance(given, str):
        return f", not {str(given).lower()}" if isinstance(given, int | float) else ""
    near = did_you_mean(given, re.findall(r"'([^']*)'", words))
    return f", not {given[:LONGEST_NAME]!r}{near}"


def unknown(name: str, known: Sequence[str]) -> str:
    """What is said of a key or variable that nobody knows."""
    hint = did_you_mean(name, known) or f", expected one of {', '.join(known)}"
    return f"unknown key{hint}"


def _known_keys(place: Sequence[int | str], tag: str | None) -> list[str]:
    """The keys that the table at this place may have."""
    model: type[BaseModel] = Settings
    for part in place:
        if isinstance(part, str):
            choices = list(models_in(model.model_fields[part].annotation))
            model = next((choice for choice in choices if _has_tag(choice, tag)), choices[0])
    return [field.alias or name for name, field in model.model_fields.items()]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def _has_tag(model: type[BaseModel], tag: str | None) -> bool:
    field = model.model_fields.get("type")
    return field is not None and tag in get_args(field.annotation)
