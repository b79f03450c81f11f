"""Why a number leads where it does: the rule that takes it, and why each before it did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Step(NamedTuple):
    """What one rule says."""

    rule: str
    "Its name, or what it is: `emergency numbers`, `extensions`."
    leads_to: str
    "Where it leads, as the settings say it; empty where it is no route."
    takes: bool
    why: str


class WayOut(NamedTuple):
    """One way out, in the order in which they are tried."""

    trunk: str
    number: str
    "As the trunk gets it."
    caller: str
    "The caller's number that the rule makes; empty where that stays."


@dataclass(slots=True)
class Explanation:
    """Where a number leads."""

    status: int = 0
    "The response that the caller would get; 0 where the call goes on."
    sentence: str = ""
    "Why it is refused; empty where it goes on."
    extension: str = ""
    "The extension that would ring; empty where none would."
    caller: str = ""
    "The caller's number that a rule to an extension makes; empty where that stays."
    ways: list[WayOut] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    "The classes of the number, for a way out."
    is_emergency: bool = False
    steps: list[Step] = field(default_factory=list)
    "The rules that were asked, in their order."

    def tell(self, rule: str, leads_to: str, why: str, *, takes: bool) -> None:
        """Note what a rule says."""
        self.steps.append(Step(rule, leads_to, takes, why))
