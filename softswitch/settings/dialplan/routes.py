"""[[routes]]: where dialled numbers go that are no extension; [[classes]]: what kinds of them are.

The routes are one ordered list. The first whose conditions all hold takes the number; further ones
to trunks are tried where those before cannot be reached.
"""

from __future__ import annotations

import re
from typing import Annotated, Self

import re2
from pydantic import AfterValidator, Field, model_validator

from softswitch.settings.dialplan.patterns import (
    Numbers,
    Pattern,
    expression_of,
    groups_of,
    places_of,
    range_of,
)
from softswitch.settings.values import Line, Section, read_line

INTERNAL = "internal"
"The class of the numbers that are extensions."

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


def read_target(value: str) -> str:
    """Where a route leads; raises ValueError."""
    if re.fullmatch(r"(trunk|extension):.+|refuse(:[4-6][0-9]{2})?", value) is None:
        raise ValueError("expected trunk:NAME, extension:NUMBER or refuse:STATUS (400 to 699)")
    return value


class RouteSettings(Section):
    """Where a dialled number goes when it is no extension."""

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    "What explanations and the log call it; without the key, its number."
    number: Pattern | None = None
    """The dialled number. `0*`: `*` at its end stands for any rest, `?` for one character. Or a
    pattern of Asterisk, `_0(1[5-7]X.)`, whose groups `called` and `caller` may name."""
    regex: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    "Instead of `number`: a regular expression (RE2) that the whole number must match."
    to: Annotated[str, AfterValidator(read_target)]
    """`trunk:NAME`, `extension:NUMBER`, or `refuse:STATUS` (403 without one); `extension:*` is the
    one whose number remains. Several routes of a number are tried in turn when a trunk cannot be
    reached."""
    reason: Annotated[str, Field(max_length=128), AfterValidator(read_line)] = ""
    "What the Reason header of a refusal says."
    strip: Annotated[int, Field(ge=0)] = 0
    "Leading characters that are removed before dialling."
    prefix: Line = ""
    "Put in front after that."
    called: (
        Annotated[str, Field(min_length=1, max_length=128), AfterValidator(read_line)] | None
    ) = None
    """The number to dial, instead of `strip` and `prefix`: `{1}` to `{9}` are the groups of the
    pattern, `{number}` is the dialled number."""
    caller: (
        Annotated[str, Field(min_length=1, max_length=128), AfterValidator(read_line)] | None
    ) = None
    "The caller's number as the other side sees it; `{caller}` is what it would be without the key."
    extensions: tuple[Numbers, ...] = ()
    "The extensions that may use it, as numbers or ranges; without the key, all."
    callers: tuple[Numbers, ...] = ()
    "Numbers, ranges or patterns one of which the caller's number must fit; without the key, any."
    from_trunks: tuple[Name, ...] = ()
    """Only for calls that came in by one of these trunks. Such a route may lead to a trunk, so that
    calls pass through the switch; without the key, calls from trunks reach extensions only."""
    when_open: Name | None = None
    "Only while this calendar is open."
    when_closed: Name | None = None
    "Only while this calendar is closed."

    @model_validator(mode="after")
    def _one_pattern(self) -> Self:
        if (self.number is None) == (self.regex is None):
            raise ValueError("expected number or regex, one of them")
        groups = groups_of(self.expression)
        for key in ("called", "caller"):
            template = getattr(self, key)
            known = {"number", "caller", *map(str, range(1, min(groups, 9) + 1))}
            for place in places_of(template) if template is not None else ():
                if place not in known:
                    there = ", ".join(f"{{{each}}}" for each in sorted(known))
                    raise ValueError(f"expected {key} to name one of {there}, not {{{place}}}")
        if self.called is not None and (self.strip or self.prefix):
            raise ValueError("expected called, or strip and prefix, not both")
        if self.reason and not self.to.startswith("refuse"):
            raise ValueError("expected to = refuse beside reason")
        return self

    @property
    def expression(self) -> str:
        """The regular expression of its numbers; raises ValueError."""
        return self.regex if self.regex is not None else expression_of(self.number or "")

    def takes(self, number: str) -> bool:
        """Whether the pattern fits a number, and the route leads somewhere."""
        is_way = not self.to.startswith("refuse")
        return is_way and re2.fullmatch(self.expression, number) is not None

    def allows(self, extension: str) -> bool:
        """Whether an extension may use it."""
        return not self.extensions or any(_holds(each, extension) for each in self.extensions)


def _holds(numbers: str, number: str) -> bool:
    """Whether a number, a range or a pattern has that number."""
    bounds = range_of(numbers)
    if bounds is not None:
        return len(number) == len(bounds[0]) and bounds[0] <= number <= bounds[1]
    return re2.fullmatch(expression_of(numbers), number) is not None


class ClassSettings(Section):
    """A class of numbers, which rights and budgets name: national, international, premium."""

    name: Name
    prefixes: tuple[Annotated[str, Field(pattern=r"^[0-9+*#]{1,32}$")], ...] = ()
    """What numbers of the class begin with as they are dialled; of several classes, the one with
    the longest prefix has the number."""
    sent: tuple[Annotated[str, Field(pattern=r"^[0-9+*#]{1,32}$")], ...] = ()
    "The same of numbers as trunks get them; a call needs the right to both."

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.name == INTERNAL:
            raise ValueError(f"{INTERNAL} is built in, for extensions; expected another name")
        if not self.prefixes and not self.sent:
            raise ValueError("expected prefixes or sent, at least one of them")
        return self


class DiallingSettings(Section):
    """What holds for all who dial."""

    rights: tuple[Name, ...] | None = None
    """The classes of numbers that extensions may dial which have no `rights` of their own; without
    the key, all numbers. Numbers of no class then need no right; with it, they are refused."""
