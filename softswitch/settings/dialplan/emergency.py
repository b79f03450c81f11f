"""[emergency]: numbers that always pass, and what is told of their calls."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from softswitch.settings.values import Number, Section


class EmergencySettings(Section):
    """Emergency numbers; they pass whatever rights, budgets and limits of calls say."""

    numbers: tuple[Number, ...] = ()
    "As phones dial them: `112`, `911`; each goes out as it is."
    trunks: tuple[str, ...] = ()
    "The trunks that they go out by, in this order; without the key, all trunks."
    callback: Number | None = None
    """The number that the other side sees and calls back, of extensions without a `callback` of
    their own; without the key, the caller's as in other calls."""
    location: Annotated[str, Field(max_length=256)] = ""
    "Where extensions are that have no `location` of their own."

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        given = self.model_fields_set - {"numbers"}
        if given and not self.numbers:
            raise ValueError(f"expected numbers beside {', '.join(sorted(given))}")
        return self
