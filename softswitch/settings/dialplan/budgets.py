"""[[budgets]]: how many calls and minutes may go out in a day, against toll fraud."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from softswitch.settings.dialplan.patterns import Numbers
from softswitch.settings.dialplan.routes import Name
from softswitch.settings.values import Count, Section


class BudgetSettings(Section):
    """Calls and minutes out by trunks in a day, from midnight to midnight of this machine."""

    name: Name
    per: Literal["extension", "trunk", "all"] = "extension"
    "What it is counted for: each extension by itself, each trunk by itself, or all together."
    extensions: tuple[Numbers, ...] = ()
    "Only calls of these extensions, as numbers or ranges; without the key, of all."
    trunks: tuple[Name, ...] = ()
    "Only calls by these trunks; without the key, by all."
    classes: tuple[Name, ...] = ()
    "Only numbers of these classes; without the key, all numbers."
    calls: Count | None = None
    "Answered calls in a day, those that ring now included; without the key, no bound."
    minutes: Annotated[float, Field(gt=0)] | None = None
    "Minutes of talk in a day; without the key, no bound."
    end_calls: bool = False
    "Whether calls that are up end when the minutes are used up; else only new ones are refused."

    @model_validator(mode="after")
    def _bound(self) -> Self:
        if self.calls is None and self.minutes is None:
            raise ValueError("expected calls or minutes, at least one of them")
        if self.end_calls and self.minutes is None:
            raise ValueError("expected minutes beside end_calls")
        return self
