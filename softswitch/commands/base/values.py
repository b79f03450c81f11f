"""The kinds of values that parameters of commands take, each with its reader and its schema type.

A parameter's annotation names one of the kinds below; reader, error sentence, documentation and
XML Schema all come from it. Source: the API reference, sections 5 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ParameterKind:
    """One kind of value: how it is read from text, and how it is described."""

    name: str
    "As the documentation calls it."
    read: Callable[[str], Any]
    "Reads the text; raises ValueError when it is not such a value."
    expected: str
    "The end of the sentence `… cannot be 'x', expected …`."
    schema: str = "xs:string"
    "The XML Schema type; attributes that hold `$variables` are allowed beside it."
    values: tuple[str, ...] = ()
    "All texts that it may be, where there are only some; they count in any letter case."
    bounds: tuple[int, int] | None = None
    "The least and the greatest number."


class Parties(StrEnum):
    """The parties of a call that are meant."""

    CALLER = "caller"
    CALLEE = "callee"
    ALL = "all"


class MachineDetection(StrEnum):
    """How long an answered call waits for a verdict before its script begins."""

    OFF = "off"
    DETECT = "detect"
    MESSAGE_END = "message-end"


class ResponseFormat(StrEnum):
    """How an answer is written."""

    XML = "xml"
    HTML = "html"
    JSON = "json"


_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}([.,][0-9]{1,6})?", re.ASCII)
_KEYS = re.compile(r"[0-9A-Da-d*#]{1,64}", re.ASCII)
_DTMF = re.compile(r"[0-9A-Da-d*#, ]{1,256}", re.ASCII)
_NUMBER = re.compile(r"[^\s@<>\"\\\x00-\x1f\x7f;?,]{1,64}(@[A-Za-z0-9.\-\[\]:]{1,255})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_TRUE = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
DAY_SECONDS = 86_400


def read_bool(text: str) -> bool:
    """`true` or `false` in any letter case; 1, 0, yes and no as well."""
    try:
        return _TRUE[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


def whole(low: int, high: int) -> ParameterKind:
    """A whole number between `low` and `high`, ASCII digits only."""

    def read(text: str) -> int:
        text = text.strip()
        if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    expected = f"a whole number from {low} to {high}"
    return ParameterKind("whole number", read, expected, "xs:integer", bounds=(low, high))


def read_seconds(text: str) -> float:
    """Seconds, decimals behind a point or a comma allowed, at most a day."""
    text = text.strip().replace(",", ".")
    if not _DECIMAL.fullmatch(text) or float(text) > DAY_SECONDS:
        raise ValueError(text)
    return float(text)


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A reader of text that fits the pattern as a whole, without white space around it."""

    def read(text: str) -> str:
        text = text.strip()
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return read


def read_url(text: str) -> str:
    """An absolute http(s) URL, or one relative to the script that holds it.

    A space in it, which applications leave as it is, is written as `%20`.
    """
    text = text.strip().replace(" ", "%20")
    if not text or any(ord(character) < 0x21 for character in text):
        raise ValueError(text)
    try:
        parts = urlsplit(text)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(text) from None
    if parts.scheme and parts.scheme not in ("http", "https"):
        raise ValueError(text)
    if parts.scheme and (not parts.hostname or not port_is_readable):
        raise ValueError(text)
    return text


def choice(kind: type[StrEnum]) -> ParameterKind:
    """One of an enumeration's values, in any letter case."""
    values = {str(member).lower(): member for member in kind}

    def read(text: str) -> StrEnum:
        try:
            return values[text.strip().lower()]
        except KeyError:
            raise ValueError(text) from None

    names = tuple(map(str, kind))
    return ParameterKind("choice", read, f"one of {', '.join(names)}", values=names)


def read_text(text: str) -> str:
    """Any text."""
    return text


TEXT = ParameterKind("text", read_text, "text")
BOOL = ParameterKind("bool", read_bool, "true or false", "xs:boolean", values=("true", "false"))

KINDS: dict[type, ParameterKind] = {
    str: TEXT,
    bool: BOOL,
    int: whole(0, 999_999_999),
}
"The kinds of plain annotations; an `Annotated` one carries its own, a `StrEnum` is a choice."

Seconds = Annotated[
    float,
    ParameterKind(
        "seconds", read_seconds, "seconds from 0 to 86400", "xs:decimal", bounds=(0, DAY_SECONDS)
    ),
]
Milliseconds = Annotated[int, whole(1, 60_000)]
Number = Annotated[
    str,
    ParameterKind("number", matching(_NUMBER), "a telephone number, an extension or number@host"),
]
Keys = Annotated[str, ParameterKind("keys", matching(_KEYS), "keys out of 0-9 * # A-D")]
Dtmf = Annotated[
    str, ParameterKind("keys", matching(_DTMF), "keys out of 0-9 * # A-D, and , for a pause")
]
Url = Annotated[str, ParameterKind("URL", read_url, "an http or https URL", "xs:anyURI")]
VariableName = Annotated[
    str, ParameterKind("name", matching(_NAME), "letters, digits and _, not beginning with a digit")
]
