"""Patterns of numbers, as Asterisk writes them or with `*` and `?`, and templates for new numbers.

In `_0(1[5-7]X.)`, `X` stands for 0-9, `Z` for 1-9, `N` for 2-9, `[5-7]` for one of these, `.` for
one or more characters and `!` for any number of them, both at the end only; what stands in
parentheses is a group. A pattern without `_` is the number itself, in which `*` at the end is any
rest, and `?` one character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import re2
from pydantic import AfterValidator, Field

SETS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
"What the letters of a pattern stand for, large or small."
RESTS = {".": ".+", "!": ".*"}
_SET = re.compile(r"\[([0-9A-Za-z*#+]|[0-9]-[0-9])+\]")
_PART = re.compile(r"\[[^\]]*\]?|.", re.DOTALL)
_PLACE = re.compile(r"\{([^{}]*)\}")


def expression_of(pattern: str) -> str:
    """A pattern as a regular expression for whole numbers; raises ValueError."""
    if not pattern.startswith("_"):
        return _plain(pattern)
    parts = _PART.findall(pattern, 1)
    expression = "".join(map(_part, parts))
    if not expression:
        raise ValueError("expected digits, X, Z, N, [ ], ( ), . or ! after _")
    braces = [part for part in parts if part in "()"]
    if braces != ["(", ")"] * (len(braces) // 2):
        raise ValueError("expected ( ) in pairs, none within another")
    before_end = "".join(parts).rstrip(")")[:-1]
    if any(rest in before_end for rest in RESTS):
        raise ValueError("expected . and ! only at the end, for any rest")
    return expression


def begin_of(pattern: str) -> str:
    """What every number of a pattern begins with."""
    match = re.match(r"_([0-9+*#]*)" if pattern.startswith("_") else r"(\*?[0-9+#]*)", pattern)
    begin = match[1] if match is not None else ""
    return "" if pattern == "*" else begin


def _part(part: str) -> str:
    """One character of a pattern, or one of its sets, as an expression."""
    known = {**SETS, **RESTS, "(": "(", ")": ")", "-": ""}.get(part.upper())
    if known is not None:
        return known
    if part.startswith("["):
        if _SET.fullmatch(part) is None:
            raise ValueError("expected a set such as [15-7] of digits, letters, *, # or +")
        return part
    if re.fullmatch(r"[A-Za-z0-9+*#_]", part) is None:
        raise ValueError(f"expected digits, X, Z, N, [ ], ( ), . or ! after _, not {part!r}")
    return re.escape(part)


def _plain(pattern: str) -> str:
    if "*" in pattern[1:-1]:
        raise ValueError("expected * only at the end, for any rest; ? stands for one character")
    body, rest = (pattern[:-1], ".*") if pattern.endswith("*") else (pattern, "")
    return "".join("." if one == "?" else re.escape(one) for one in body) + rest


def groups_of(expression: str) -> int:
    """How many groups an expression has; raises ValueError when it is none."""
    options = re2.Options()
    options.log_errors = False
    try:
        return int(re2.compile(expression, options=options).groups)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        why = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(f"expected a regular expression of RE2: {why[:100]}") from None


def places_of(template: str) -> list[str]:
    """The places that a template fills, without their braces; raises ValueError."""
    if "{" in _PLACE.sub("", template) or "}" in _PLACE.sub("", template):
        raise ValueError("expected { } in pairs")
    return _PLACE.findall(template)


def filled(template: str, values: dict[str, str]) -> str:
    """The template with the values of its places."""
    return _PLACE.sub(lambda place: values.get(place[1], ""), template)


def _check_pattern(pattern: str) -> str:
    expression_of(pattern)
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_check_pattern)]
"A pattern of numbers."


def read_numbers(text: str) -> str:
    """One number, a range `1100-1199`, or a pattern; raises ValueError."""
    if range_of(text) is None:
        expression_of(text)
    return text


def range_of(text: str) -> tuple[str, str] | None:
    """First and last number of a range; None when the text is none."""
    match = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,15})", text, re.ASCII)
    if match is None:
        return None
    first, last = match.groups()
    if len(first) != len(last) or first > last:
        raise ValueError('expected "FIRST-LAST" with equally many digits, such as 2000-2999')
    return first, last


def numbers_between(first: str, last: str) -> Iterator[str]:
    """All numbers of a range, with as many digits as its bounds."""
    for value in range(int(first), int(last) + 1):
        yield f"{value:0{len(first)}d}"


def is_between(number: str, first: str, last: str) -> bool:
    """Whether a number is one of a range: it has as many digits as the first and the last."""
    return len(number) == len(first) and first <= number <= last and number.isdecimal()


Numbers = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(read_numbers)]
"A number, a range or a pattern."
