"""Tokens, numbers, quoted strings and lists, the smallest pieces (RFC 3261 section 25.1).

Every expression takes time linear in its input, whatever that is: repetitions are possessive, and
none can be tried again from each of many starting points.
"""

from __future__ import annotations

import re
from typing import Final

VERSION: Final = "SIP/2.0"
MAGIC_COOKIE: Final = "z9hG4bK"
"The first characters of every branch made after RFC 3261 (section 8.1.1.7)."

UINT32_MAX: Final = 2**32 - 1
"The largest CSeq number and delta-seconds (RFC 3261 sections 8.1.1.5 and 20.19)."

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
"""RFC 3261 `token`; use with `fullmatch`."""

_LONGEST_NUMBER = 20
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPE = re.compile(r'(["\\])')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNPRINTABLE = re.compile(r"[^ -~]")
_LONGEST_PHRASE = 120
_OUTSIDE_COMMAS = re.compile(r'(?:[^,"<]++|"(?:[^"\\]++|\\.)*+"|<[^>]*+>)*+', re.DOTALL)
_OUTSIDE_SEMICOLONS = re.compile(r'(?:[^;"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)


class MessageError(ValueError):
    """The peer's message breaks a rule; the text says where and what, in one sentence."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status
        "The status that an answer to a request would carry: 400, 413, 414, 416, 505, 513."

    @property
    def phrase(self) -> str:
        """The sentence as a reason phrase: printable ASCII, 120 characters at most."""
        return _UNPRINTABLE.sub("?", str(self))[:_LONGEST_PHRASE]


def number(text: str, largest: int = UINT32_MAX) -> int:
    """Read an unsigned decimal number of ASCII digits, at most `largest`.

    `int` alone would also take signs, blanks, underscores and digits of other scripts.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
        raise MessageError(f"{shown(text)} is not a number")
    value = int(text)
    if value > largest:
        raise MessageError(f"{shown(text)} is above {largest}")
    return value


def quote(text: str) -> str:
    """Write a quoted string; control characters, which could end a line, become blanks."""
    return '"' + _ESCAPE.sub(r"\\\1", _CONTROL.sub(" ", text)) + '"'


def take_quoted(text: str) -> tuple[str, str]:
    """Read the quoted string that `text` starts with; return what it means, and the rest.

    An escaped control character is legal (RFC 4475 section 3.1.1.2) but would harm logs and
    tables, so it is read as a blank.
    """
    match = _QUOTED.match(text)
    if match is None:
        raise MessageError("a quoted string does not end")
    end = match.end()
    inner = text[1 : end - 1]
    if "\\" in inner:
        inner = _CONTROL.sub(" ", _UNESCAPE.sub(r"\1", inner))
    return inner, text[end:]


def split_list(text: str) -> list[str]:
    """Split a header value at the commas outside quotes and angle brackets (section 7.3.1).

    Empty elements are dropped, as RFC 3261 section 7.3.1 lets a list be folded anyhow.
    """
    if "," not in text:
        return [text] if text else []
    if '"' not in text and "<" not in text:
        parts = text.split(",")
    else:
        parts = _split(_OUTSIDE_COMMAS, text)
    return [stripped for part in parts if (stripped := part.strip(" \t"))]


def split_semicolons(text: str) -> list[str]:
    """Split parameters at the semicolons outside quotes; the parts are not stripped."""
    if '"' not in text:
        return text.split(";")
    return _split(_OUTSIDE_SEMICOLONS, text)


def _split(outside: re.Pattern[str], text: str) -> list[str]:
    parts: list[str] = []
    position = 0
    while True:
        match = outside.match(text, position)
        if match is None:  # cannot be: the expression matches the empty string
            raise MessageError(f"{shown(text)} is not a list")
        end = match.end()
        parts.append(match.group())
        if end == len(text):
            return parts
        if text[end] in '"<':
            raise MessageError(f"{shown(text[end:])} does not end")
        position = end + 1


def shown(text: str) -> str:
    """Return what an error sentence may show of hostile input: short and without controls."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
