r"""The octets of a message as a start line and header lines (RFC 3261 sections 7.3 and 25.1).

Strict about what makes two readers disagree: lines end in CRLF, a name is a token with only SP or
HTAB between it and its colon, and control characters stand nowhere but behind a backslash inside a
quoted string, where RFC 4475 section 3.1.1.2 has them.
"""

from __future__ import annotations

import re

from softswitch.sip import limits
from softswitch.sip.message.grammar import TOKEN, MessageError, shown
from softswitch.sip.message.headers import SPELLINGS, canonical

_CONTROLS = bytes(range(0x20)).replace(b"\t", b"") + b"\x7f"
_FOLD = re.compile(r"\r\n[ \t]+")
# An open quote takes the rest of its line, so that no octet is looked at twice.
_QUOTED = re.compile(rb'"(?:[^"\\\r\n]++|\\[^\r\n])*+"?')
_ESCAPED_CONTROL = re.compile(rb"\\[\x00-\x1f\x7f]")


def read_lines(head: bytes) -> tuple[str, list[tuple[str, str]], str]:
    """Return start line, headers and charset of what stands before the empty line.

    Known names get the spelling of the table, others keep theirs; values are unfolded and
    stripped. Raises MessageError.
    """
    try:
        text, charset = head.decode(), "utf-8"
    except UnicodeDecodeError:
        text, charset = head.decode("latin-1"), "latin-1"
    start, *lines = text.split("\r\n")
    if len(head.translate(None, _CONTROLS)) != len(head) - 2 * len(lines):
        _refuse_controls(head)
    if "\r\n " in text or "\r\n\t" in text:
        start, *lines = _unfold(text)
    if len(lines) > limits.HEADERS:
        raise MessageError(f"more than {limits.HEADERS} headers", 513)
    if len(head) > limits.HEADER and max(map(len, lines), default=0) > limits.HEADER:
        raise MessageError(f"a header of more than {limits.HEADER} characters", 513)
    items: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        known = SPELLINGS.get(name)
        if known is None or not colon:
            known = _read_name(line, name, colon)
        items.append((known, value.strip(" \t")))
    return start, items, charset


def _read_name(line: str, name: str, colon: str) -> str:
    """Read a name that is not spelled as in the table."""
    if not colon:
        raise MessageError(f"header line {shown(line)} has no colon")
    name = name.rstrip(" \t")
    if TOKEN.fullmatch(name) is None:
        raise MessageError(f"{shown(name)} is not a header name")
    return canonical(name)


def _unfold(text: str) -> list[str]:
    start, _, rest = text.partition("\r\n")
    if rest.startswith((" ", "\t")):
        raise MessageError("the line after the start line begins with a blank")
    return [start, *_FOLD.sub(" ", rest).split("\r\n")]


def _refuse_controls(head: bytes) -> None:
    """Raise unless every control character is a quoted pair."""
    plain = _QUOTED.sub(_without_escaped_controls, head)
    if len(plain.translate(None, _CONTROLS)) != len(plain) - 2 * plain.count(b"\r\n"):
        raise MessageError("a control character in the headers")


def _without_escaped_controls(match: re.Match[bytes]) -> bytes:
    quoted = match.group()
    return _ESCAPED_CONTROL.sub(b"", quoted) if quoted.endswith(b'"') else quoted
