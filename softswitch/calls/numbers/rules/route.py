"""A route: one rule of the dial plan, with its conditions and the number that it dials."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import re2

from softswitch.calls.numbers.calendar import Calendars
from softswitch.settings.dialplan.patterns import begin_of, expression_of, filled, range_of

LONGEST_NUMBER = 64
"Characters; a longer number is no number, and no pattern is tried on it."

OUTSIDE_NUMBER = re.compile(r"[A-Za-z0-9+*#._-]{1,64}")
"A number that trunks may get: nothing in it could mean more than a number to the next switch."


class Asked(NamedTuple):
    """A number that somebody has dialled, and all that conditions look at."""

    number: str
    moment: float
    "Unix time in seconds."
    extension: str | None = None
    "The extension that dials; empty for a caller from outside; None for commands."
    caller: str = ""
    "The caller's number."
    trunk: str = ""
    "The trunk that the call came in by."
    outside: bool = True
    "Whether trunks may be reached."


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route for numbers that are no extension."""

    pattern: str = ""
    "As in the settings (`settings/dialplan/patterns.py`), …"
    regex: str = ""
    "… or a regular expression instead."
    name: str = ""
    "What explanations call it; empty for its pattern."
    trunk: str = ""
    "The trunk to take; empty for an extension."
    extension: str = ""
    "The extension to ring; `*` for the one whose number is what remains."
    refuse: int = 0
    "The status that refuses the call; 0 where it does not."
    reason: str = ""
    "What the caller is told of a refusal."
    strip: int = 0
    "Leading characters that are removed, …"
    prefix: str = ""
    "… and what is put in front then; …"
    called: str = ""
    "… or a template of the number to dial."
    caller: str = ""
    "A template of the caller's number; empty where that stays."
    extensions: frozenset[str] = frozenset()
    "The extensions and ranges of them that may use it; empty is every extension."
    callers: tuple[str, ...] = ()
    "Numbers, ranges and patterns one of which the caller's number fits; empty is every number."
    from_trunks: frozenset[str] = frozenset()
    "The trunks whose calls it is for; empty is for every call."
    when_open: str = ""
    when_closed: str = ""
    "Calendars that must be open or closed."

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.pattern or self.regex

    @property
    def target(self) -> str:
        """Where it leads, as the settings say it."""
        if self.refuse:
            return f"refuse:{self.refuse}"
        return f"trunk:{self.trunk}" if self.trunk else f"extension:{self.extension}"


class Judged(NamedTuple):
    """What a route says to a number."""

    takes: bool
    why_not: str = ""
    "Why it does not take it."
    forbidden: bool = False
    "Whether it would have taken the number from somebody else."
    number: str = ""
    "The number that it dials."
    caller: str = ""
    "The caller's number as it makes it; empty where that stays."


NO_MATCH = Judged(False, "the number does not match")


class RouteRule:
    """A route that is ready to judge numbers, each in a time linear in its length."""

    __slots__ = ("_begin", "_callers", "_extensions", "_match", "route")

    def __init__(self, route: Route) -> None:
        """Raises ValueError where the settings would have refused its pattern."""
        self.route = route
        # Only the end of a pattern may vary, so that `re` takes linear time for it as well.
        self._match = (
            re2.compile(route.regex).fullmatch
            if route.regex
            else re.compile(expression_of(route.pattern)).fullmatch
        )
        self._begin = "" if route.regex else begin_of(route.pattern)
        self._callers = NumberSet(route.callers)
        self._extensions = NumberSet(route.extensions)

    def judge(self, asked: Asked, calendars: Calendars) -> Judged:
        """Whether it takes the number, by all its conditions but rights and budgets."""
        number = asked.number
        values = self._groups(number)
        if values is None:
            return NO_MATCH
        why_not = self._conditions(asked, calendars)
        if why_not:
            return Judged(False, why_not)
        if forbidden := self._forbidden(asked):
            return Judged(False, forbidden, forbidden=True)
        number = self._rewritten(number, values)
        if self.route.trunk and OUTSIDE_NUMBER.fullmatch(number) is None:
            return Judged(False, f"no number that a trunk may get remains: {number[:64]!r}")
        values |= {"number": asked.number, "caller": asked.caller}
        caller = filled(self.route.caller, values)
        if caller and OUTSIDE_NUMBER.fullmatch(caller) is None:
            caller = ""
        return Judged(True, number=number, caller=caller)

    def sent(self, number: str) -> str:
        """What its trunk gets for a number that matches, whoever dials it and when; else empty."""
        values = self._groups(number) if self.route.trunk else None
        return "" if values is None else self._rewritten(number, values)

    def _groups(self, number: str) -> dict[str, str] | None:
        """The groups of a number that matches, by the places that they fill; None for others."""
        match = self._match(number) if number.startswith(self._begin) else None
        if match is None:
            return None
        return {str(at): group or "" for at, group in enumerate(match.groups(), 1)}

    def why(self, asked: Asked, calendars: Calendars) -> str:
        """Why it takes the number: the conditions that held, in words."""
        route = self.route
        held = [f"{asked.number[:64]} matches {route.pattern or route.regex}"]
        if route.from_trunks:
            held.append(f"it came in by {asked.trunk}")
        if route.callers and asked.extension is not None:
            held.append(f"the caller {asked.caller} fits")
        if route.extensions:
            held.append(
                "commands may use all" if asked.extension is None else "the caller may use it"
            )
        for name in filter(None, (route.when_open, route.when_closed)):
            opening = calendars.at(name, asked.moment)
            held.append(f"{name} is {'open' if opening.is_open else 'closed'} ({opening.why})")
        return ", ".join(held)

    def _conditions(self, asked: Asked, calendars: Calendars) -> str:
        """Why a condition does not hold; empty when all do."""
        route = self.route
        if route.from_trunks and asked.trunk not in route.from_trunks:
            came = asked.trunk or "none"
            return f"the trunk that it came in by is {came}, not {_either(route.from_trunks)}"
        if route.callers and asked.extension is not None and asked.caller not in self._callers:
            who = asked.caller or "without a number"
            return f"the caller {who} is none of {_either(route.callers)}"
        for name, wanted in ((route.when_open, True), (route.when_closed, False)):
            if not name:
                continue
            opening = calendars.at(name, asked.moment)
            if opening.is_open is not wanted:
                now = "open" if opening.is_open else "closed"
                return f"the calendar {name} is {now} ({opening.why})"
        return ""

    def _forbidden(self, asked: Asked) -> str:
        """Why this caller may not use it; empty when it may."""
        route = self.route
        if route.trunk and not asked.outside and asked.trunk not in route.from_trunks:
            return "calls from trunks and redirects of phones reach no trunk"
        if asked.extension is None or not route.extensions:
            return ""
        if asked.extension in self._extensions:
            return ""
        return f"only for the extensions {_either(route.extensions)}"

    def _rewritten(self, number: str, groups: dict[str, str]) -> str:
        """The number that is dialled on; empty when nothing remains."""
        route = self.route
        if route.called:
            return filled(route.called, {**groups, "number": number})
        rest = number[route.strip :]
        return route.prefix + rest if rest else ""


def _either(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


class NumberSet:
    """Numbers, ranges of numbers, and patterns."""

    __slots__ = ("_numbers", "_patterns", "_ranges")

    def __init__(self, texts: Iterable[str]) -> None:
        self._numbers: set[str] = set()
        self._ranges: list[tuple[str, str]] = []
        self._patterns = []
        for text in texts:
            if (bounds := range_of(text)) is not None:
                self._ranges.append(bounds)
            elif text.startswith("_") or text.endswith("*") or "?" in text:
                self._patterns.append(re.compile(expression_of(text)))
            else:
                self._numbers.add(text)

    def __contains__(self, number: str) -> bool:
        if number in self._numbers:
            return True
        if any(len(number) == len(a) and a <= number <= b for a, b in self._ranges):
            return number.isascii() and number.isdigit()
        return any(pattern.fullmatch(number[:LONGEST_NUMBER]) for pattern in self._patterns)
