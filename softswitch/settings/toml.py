"""The settings file as TOML; a mistake of its grammar is told by line, column and in our words."""

from __future__ import annotations

import re
import tomllib
from typing import Any

CLOSING_QUOTE = "expected the closing quote of the text"
WHOLE = "{} is written whole above, expected its keys there"
SENTENCES: tuple[tuple[str, str], ...] = (
    ("Invalid statement", "expected KEY = VALUE, or a table such as [sip]"),
    ("Expected newline or end of document", "expected the end of the line"),
    ("Expected '=' after a key", "expected = after the key"),
    ("Expected '\\]\\]' at the end", "expected ]] after the name of the list"),
    ("Expected '\\]' at the end", "expected ] after the name of the table"),
    (r"(?:Illegal|Found invalid) character '(?:\\r)?\\n'", CLOSING_QUOTE),
    ("(?:Illegal|Found invalid) character", "a control character, expected none"),
    (r"Cannot declare (\(.*\)) twice", "the table [{}] is already there, expected it once"),
    ("Cannot overwrite a value", "the key is already there, expected it once"),
    (r"Cannot (?:mutate immutable|redefine) namespace (\(.*\))", WHOLE),
    ("Invalid initial character for a key part", "expected a key of letters, digits, _ and -"),
    ("Unclosed array", "expected , or ] in the list"),
    ("Unclosed inline table", "expected , or } in the table"),
    ("Duplicate inline table key '(.*)'", "{} is already in this table, expected it once"),
    (r"Unescaped '\\' in a string", "expected \\\\ for a backslash, or a text in single quotes"),
    ("Invalid hex value", "expected a character's number after \\u, or \\\\ for a backslash"),
    ("Escaped character is not a Unicode scalar value", "expected the number of a character"),
    ("Unterminated string", CLOSING_QUOTE),
    ("Expected [\"'].*['\"]$", CLOSING_QUOTE),
    ("Invalid date or datetime", "expected a date such as 2030-12-31"),
    ("Invalid value", "expected a text in quotes, a number, true, false, or a list in [ ]"),
)  # fmt: skip
"How the parser's messages begin, and what we say instead."
UNKNOWN = "expected TOML"
_PLACE = re.compile(
    r"(?P<message>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|.*)\)", re.S
)


class NotToml(ValueError):
    """The text is no TOML: where, from 1, and what was expected."""

    def __init__(self, line: int, column: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.column = column


def read_toml(octets: bytes) -> dict[str, Any]:
    """The tables of a file. Raises NotToml."""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = octets[: error.start].decode("utf-8-sig")
        raise NotToml(*_end_of(before), "expected UTF-8") from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise NotToml(1, 1, "lists or tables nested too deeply, expected fewer levels") from None
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.fullmatch(str(error))
        message = found["message"] if found else str(error)
        if found is None or found["line"] is None:
            line, column = _end_of(text.rstrip("\n"))
        else:
            line, column = int(found["line"]), int(found["column"])
        raise NotToml(line, column, sentence_of(message)) from None


def sentence_of(message: str) -> str:
    """What we say for a message of the parser, without its place."""
    for pattern, sentence in SENTENCES:
        found = re.match(pattern, message)
        if found is not None:
            named = found[1] if found.groups() else ""
            return sentence.replace("{}", ".".join(re.findall(r"'([^']*)'", named)) or named)
    return UNKNOWN


def _end_of(text: str) -> tuple[int, int]:
    """Line and column behind a text, from 1."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")
