"""What texts become in a column, so that SQLite and PostgreSQL take and find the same ones.

Strangers choose many of them. PostgreSQL takes no NUL (manual, section 8.3), UTF-8 no half of a
surrogate pair (RFC 3629 section 3): each becomes U+FFFD. A row of an index of PostgreSQL has 2,704
octets at most (manual, section 64.4.1), so that the texts in it have a bound.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Dialect, Text, TypeDecorator

LONGEST_KEY = 250
"Characters of a text in an index; of a longer one these are kept, and a digest of the whole."
_DIGEST = 32
"Hexadecimal digits of it."
_HALF = re.compile("[\ud800-\udfff]")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def half_character(text: str) -> str | None:
    """Names the first half of a surrogate pair that stands alone; None where there is none."""
    found = None if text.isprintable() else _HALF.search(text)
    return None if found is None else f"half a character (\\u{ord(found[0]):04x} alone)"


def no_text(text: str) -> str | None:
    """Names the first thing in it that no column takes; None where there is none."""
    return "NUL" if "\0" in text else half_character(text)


def storable(text: str) -> str:
    """The text with U+FFFD for what is none."""
    return text if text.isprintable() else _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


def key(text: str) -> str:
    """A storable text that an index holds; different ones stay different."""
    stored = storable(text)
    if len(stored) <= LONGEST_KEY:
        return stored
    digest = hashlib.sha256(stored.encode()).hexdigest()[:_DIGEST]
    return f"{stored[:LONGEST_KEY]}…{digest}"


class StoredText(TypeDecorator[str]):
    """The type of a column of texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect | None) -> str | None:
        """The value as it is written, and looked for."""
        return None if value is None else storable(value)


class KeyText(TypeDecorator[str]):
    """The type of a column of texts that an index holds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect | None) -> str | None:
        """The value as it is written, and looked for."""
        return None if value is None else key(value)


class StoredJson(TypeDecorator[Any]):
    """The type of a column of JSON; None is no value, as in every other column."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect | None) -> Any:
        """The value with storable texts."""
        return storable_json(value)


Stored = StoredText | KeyText | StoredJson


def storable_json(value: Any) -> Any:
    """The value of JSON with storable texts."""
    match value:
        case str():
            return storable(value)
        case Mapping():
            return {storable(name): storable_json(each) for name, each in value.items()}
        case list() | tuple():
            return [storable_json(each) for each in value]
        case _:
            return value
