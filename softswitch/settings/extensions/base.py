"""What every extension of the settings has: a number or a block of numbers, and a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from softswitch.settings.dialplan.patterns import numbers_between
from softswitch.settings.values import Number, Section, read_line


class ExtensionSettings(Section):
    """One entry of `[[extensions]]`; each kind adds its `type` and its own keys."""

    number: Number | None = None
    range: str | None = None
    "A block such as `2000-2999`; `{number}` in name and password stands for each of them."
    name: Annotated[str, Field(max_length=128), AfterValidator(read_line)] | None = None
    "What the other party's phone shows."
    watchers: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9+*#._-]{1,64}$")], ...] | None = None
    """The extensions whose lamps may show what this one does: numbers, or their beginnings with `*`
    behind. Without the key all may; its messages and phones are shown to those alone that are named
    here, and to itself."""

    @field_validator("number")
    @classmethod
    def _one_number(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"[0-9]+-[0-9]+", value, re.ASCII):
            raise ValueError(f'expected `range` for several numbers, as in range = "{value}"')
        return value

    @field_validator("range")
    @classmethod
    def _block(cls, value: str | None) -> str | None:
        if value is None:
            return None
        match = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,15})", value, re.ASCII)
        if match is None or len(match[1]) != len(match[2]) or int(match[1]) > int(match[2]):
            raise ValueError('expected "FIRST-LAST" with equally many digits, such as 2000-2999')
        if int(match[2]) - int(match[1]) >= 100_000:
            raise ValueError("expected at most 100000 numbers")
        return value

    @model_validator(mode="after")
    def _number_or_range(self) -> Self:
        if (self.number is None) == (self.range is None):
            raise ValueError("expected number or range, one of them")
        return self

    def numbers(self) -> Iterator[str]:
        """All numbers of this entry."""
        if self.number is not None:
            yield self.number
        elif self.range is not None:
            first, last = self.range.split("-")
            yield from numbers_between(first, last)

    # What a kind names outside of its own entry is looked up when the whole file has been read.

    def named_extensions(self) -> tuple[str, tuple[str, ...]]:
        """The key that names other extensions, and their numbers; none unless the kind says so."""
        return "", ()

    def overflows(self) -> dict[str, str]:
        """The numbers that its calls go on to, by key; none unless the kind says so."""
        return {}

    def named_sounds(self) -> dict[str, Path | None]:
        """The audio files that the entry names, by key; none unless the kind says so."""
        return {}

    def named_scripts(self) -> dict[str, Path | None]:
        """The OzML scripts that the entry names, by key; none unless the kind says so."""
        return {}
