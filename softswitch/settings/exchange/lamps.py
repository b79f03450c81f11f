"""The settings of presence and lamps: [lamps] and [[lamp_lists]]."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from softswitch.settings.dialplan.patterns import numbers_between, range_of
from softswitch.settings.values import Count, Section, read_number

NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"Of a list: no number, and no step of a path."
MOST_IN_LIST = 128
"Extensions of one list: what a NOTIFY says of all of them fits into a datagram."


class LampSettings(Section):
    """Subscriptions of phones: how long they last, how many there may be, what they tell."""

    min_expires: Count = 60
    "Shortest subscription in seconds; less is refused with 423."
    max_expires: Count = 600
    """Longest subscription in seconds; more is shortened. After a crash of the switch a lamp shows
    the truth again when its phone subscribes anew, so after as long at most."""
    pause: Annotated[float, Field(ge=0, le=60)] = 0.1
    "Seconds between two NOTIFYs of a subscription; what changes meanwhile is told at its end."
    per_watcher: Count = 300
    """Subscriptions that one extension may have at a time; then its oldest give way. One to a list
    counts as one to each of its extensions."""
    per_extension: Count = 500
    """Watchers that one extension may have at a time, by itself or in lists; more are answered
    480."""
    total: Count = 20_000
    "Subscriptions at a time; more are answered 480."
    show_callers: bool = True
    "Whether a lamp tells with whom its extension talks; private callers are never shown."
    unsolicited: bool = True
    "Whether phones hear of their messages that have not subscribed to them."

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_expires > self.max_expires:
            raise ValueError("expected min_expires <= max_expires")
        return self


class LampListSettings(Section):
    """A list: a phone that subscribes to it by its name sees what all of its extensions do."""

    name: str
    """What phones are told to subscribe to, as user part of the address: letters, digits, `_`, `.`
    and `-`, of which one is a letter, so that nobody takes it for a number."""
    extensions: Annotated[tuple[str, ...], Field(min_length=1)]
    "Numbers and ranges such as `1000-1019`, in the order of the keys; at most 128 altogether."

    @field_validator("name")
    @classmethod
    def _no_number(cls, value: str) -> str:
        if NAME.fullmatch(value) is None:
            raise ValueError(
                "expected 1 to 64 letters, digits, '_', '.' and '-', "
                "a letter or digit first and at least one letter"
            )
        return value

    @field_validator("extensions")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for entry in value:
            for number in numbers_in(entry):
                if number in seen:
                    raise ValueError(f"expected every extension once, {number} is there twice")
                seen.add(number)
                if len(seen) > MOST_IN_LIST:
                    raise ValueError(f"expected at most {MOST_IN_LIST} extensions")
        return value

    def numbers(self) -> Iterator[str]:
        """All of them, whether or not there are such extensions."""
        for entry in self.extensions:
            yield from numbers_in(entry)

    def named(self) -> Iterator[str]:
        """Those that are named by themselves."""
        return (entry for entry in self.extensions if range_of(entry) is None)


def numbers_in(entry: str) -> Iterator[str]:
    """The number that it is, or those of a range. Raises ValueError."""
    block = range_of(entry)
    if block is None:
        yield read_number(entry)
    else:
        yield from numbers_between(*block)
