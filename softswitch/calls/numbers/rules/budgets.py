"""Budgets: how many calls and minutes have gone out today, and whether one more may.

What is used is on disk after every answer and every end, and every `KEEP_SECONDS` while calls are
up: a crash forgets so many seconds of each of them at most. A day ends at midnight of this machine.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple, Protocol

import structlog

from softswitch.calls.numbers.rules.route import NumberSet
from softswitch.guard.events import SecurityEvents
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.budgets")

KEEP_SECONDS = 30
"How often what calls that are up have used is written."


class GoesOut(Protocol):
    """What budgets look at in a way out."""

    @property
    def trunk(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def payer(self) -> str | None: ...
    @property
    def emergency(self) -> object | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A bound for the calls and minutes of a day."""

    name: str
    per: str = "extension"
    "`extension`, `trunk` or `all`."
    extensions: tuple[str, ...] = ()
    trunks: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    "Which calls it counts; empty is every one."
    calls: int | None = None
    seconds: float | None = None
    "None is no bound."
    ends_calls: bool = False
    "Whether calls that are up end when the seconds are used up."


class Key(NamedTuple):
    """A budget, and for whom it is counted."""

    budget: str
    subject: str
    "An extension or a trunk; empty for all together."

    def __str__(self) -> str:
        return f"{self.budget} of {self.subject}" if self.subject else self.budget


class Used(NamedTuple):
    """What of a budget is used on a day, as it is kept on disk."""

    day: str
    "`2026-11-30`."
    budget: str
    subject: str
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """What of a budget is used now by one of those whom it is counted for."""

    budget: Budget
    subject: str
    "As in `Key`."
    calls: int
    ringing: int
    seconds: float
    is_used_up: bool
    "Whether a further call is refused."
    begins_again: float
    "Unix time in seconds: the next midnight."


@dataclass(slots=True)
class _Use:
    calls: int = 0
    "Answered."
    ringing: int = 0
    seconds: float = 0.0
    "Of calls that have ended."
    running: int = 0
    starts: float = 0.0
    "The sum of the times at which the running ones began."
    is_told: bool = False
    "Whether somebody has been told that it is used up."

    def spent(self, now: float) -> float:
        """The seconds of all calls, those that run included."""
        return self.seconds + self.running * now - self.starts


class CallOut:
    """A call that goes out, as the budgets count it; it is theirs from the ringing to its end."""

    __slots__ = ("_budgets", "answered_at", "end", "is_over", "keys")

    def __init__(self, budgets: Budgets, keys: tuple[Key, ...], end: Callable[[], None]) -> None:
        """`end` ends the call."""
        self._budgets = budgets
        self.keys = keys
        self.end = end
        self.answered_at: float | None = None
        self.is_over = False

    def answered(self) -> None:
        """Count it: from now on it costs."""
        if self.answered_at is None and not self.is_over:
            self._budgets.note_answer(self)

    def ended(self, _: object = None) -> None:
        """It costs nothing any more; a callback of the leg's end."""
        if not self.is_over:
            self.is_over = True
            self._budgets.note_end(self)


def ignore(_used: Used) -> None:
    """Keep nothing."""


@dataclass(slots=True)
class Budgets:
    """All budgets, and what of them is used today."""

    now: Callable[[], float]
    "Unix time in seconds."
    write: Callable[[Used], None] = ignore
    "Keeps what is used on disk; raises nothing."
    events: SecurityEvents | None = None
    "Are told when a budget is used up, and count what it refuses."
    refused: dict[str, int] = field(default_factory=dict)
    "Calls that each budget has refused since the start."
    _budgets: dict[str, Budget] = field(default_factory=dict)
    _extensions: dict[str, NumberSet] = field(default_factory=dict)
    _uses: defaultdict[Key, _Use] = field(default_factory=lambda: defaultdict(_Use))
    _running: set[CallOut] = field(default_factory=set)
    _day: str = ""

    def replace(self, budgets: Iterable[Budget]) -> None:
        """Have these budgets from now on; what is used of those that stay is still used."""
        self._budgets = {budget.name: budget for budget in budgets}
        self._extensions = {
            name: NumberSet(budget.extensions) for name, budget in self._budgets.items()
        }
        self.refused = {name: self.refused.get(name, 0) for name in self._budgets}

    def restore(self, rows: Iterable[Used]) -> None:
        """Take over what was used before a restart."""
        today = self._today()
        for row in rows:
            if row.day == today:
                use = self._uses[Key(row.budget, row.subject)]
                use.calls, use.seconds = row.calls, row.seconds

    def refusal(self, way: GoesOut) -> str:
        """Why no further call may take that way now; empty when one may."""
        exhausted = self._exhausted(way)
        return f"the budget {exhausted} is used up for today" if exhausted is not None else ""

    def turn_away(self, way: GoesOut) -> None:
        """Count that a call is refused."""
        exhausted = self._exhausted(way)
        if exhausted is not None:
            self.refused[exhausted.budget] += 1
            if self.events is not None:
                self.events.count_session_limit()

    def begin(self, way: GoesOut, end: Callable[[], None]) -> CallOut:
        """Count a call that rings outside now; `end` ends it."""
        self._today()
        call = CallOut(self, tuple(self._keys(way)), end)
        for key in call.keys:
            self._uses[key].ringing += 1
        self._running.add(call)
        return call

    def note_answer(self, call: CallOut) -> None:
        """A call is answered, and costs from now on; see `CallOut.answered`."""
        self._today()
        now = call.answered_at = self.now()
        for key in call.keys:
            use = self._uses[key]
            use.ringing -= 1
            use.calls += 1
            use.running += 1
            use.starts += now
            self._keep(key)

    def note_end(self, call: CallOut) -> None:
        """A call is over; see `CallOut.ended`."""
        self._today()
        self._running.discard(call)
        now = self.now()
        for key in call.keys:
            use = self._uses[key]
            if call.answered_at is None:
                use.ringing -= 1
                continue
            use.running -= 1
            use.starts -= call.answered_at
            use.seconds += now - call.answered_at
            self._keep(key)

    async def keep_time(self) -> None:
        """Keep what running calls use, and end those whose budget says so; until cancelled."""
        second = 0
        while True:
            await asyncio.sleep(1)
            second += 1
            self.look(keep=second % KEEP_SECONDS == 0)

    def look(self, *, keep: bool = False) -> None:
        """End the calls whose minutes are used up, and with `keep` write what is used."""
        self._today()
        keys = {key for call in self._running if call.answered_at is not None for key in call.keys}
        over = set()
        for key in keys:
            if keep:
                self._keep(key)
            budget = self._budgets.get(key.budget)
            if budget is not None and self._are_seconds_up(budget, self._uses[key]):
                self._tell(key)
                if budget.ends_calls:
                    over.add(key)
        for call in [call for call in self._running if over.intersection(call.keys)]:
            call.end()

    def used(self) -> Iterator[Used]:
        """What is used today of each budget by each extension or trunk that it counts."""
        day, now = self._today(), self.now()
        for key, use in self._uses.items():
            yield Used(day, *key, use.calls, use.spent(now))

    def uses(self) -> Iterator[BudgetUse]:
        """What is used today; of budgets for all together also where that is nothing."""
        self._today()
        now = self.now()
        midnight = _next_midnight(now)
        unused = [Key(each.name, "") for each in self._budgets.values() if each.per == "all"]
        for key in dict.fromkeys((*unused, *self._uses)):
            budget, use = self._budgets.get(key.budget), self._uses.get(key) or _Use()
            if budget is not None:
                yield BudgetUse(
                    budget=budget,
                    subject=key.subject,
                    calls=use.calls,
                    ringing=use.ringing,
                    seconds=use.spent(now),
                    is_used_up=self._is_used_up(budget, use),
                    begins_again=midnight,
                )

    def begin_again(self, name: str, subject: str | None = None) -> list[Used]:
        """Let a budget begin again, for one or all of its subjects; what of it was used.

        Calls that are up count from now on.
        """
        day, now, forgotten = self._today(), self.now(), []
        for key, use in self._uses.items():
            if key.budget != name or subject not in (None, key.subject):
                continue
            forgotten.append(Used(day, *key, use.calls, use.spent(now)))
            use.calls, use.is_told = 0, False
            use.seconds -= use.spent(now)
            self._keep(key)
        return forgotten

    def kept(self) -> Iterable[str]:
        """The extensions of which budgets have counted something today."""
        return {key.subject for key in self._uses if self._is_per_extension(key)}

    def forget(self, numbers: Iterable[str]) -> None:
        """Let those who get the numbers of extensions that are gone begin with nothing used.

        What still goes on is counted from now on.
        """
        gone = set(numbers)
        for key in [key for key in self._uses if key.subject in gone]:
            if self._is_per_extension(key):
                self.begin_again(*key)

    def _is_per_extension(self, key: Key) -> bool:
        budget = self._budgets.get(key.budget)
        return bool(key.subject) and (budget is None or budget.per == "extension")

    def find(self, name: str) -> Budget | None:
        """The budget with that name."""
        return self._budgets.get(name)

    def metrics(self) -> Iterator[Metric]:
        """What is used of each budget, and how often it has refused calls."""
        yield Metric("budget_calls", "Calls out today that a budget counts", self._calls, "budget")
        yield Metric("budget_seconds", "Seconds of talk out today", self._seconds, "budget")
        yield Metric(
            "budget_refusals_total",
            "Calls out that a budget refused",
            lambda: dict(self.refused),
            "budget",
        )

    def _calls(self) -> dict[str, float]:
        sums = dict.fromkeys(self._budgets, 0.0)
        for used in self.used():
            sums[used.budget] = sums.get(used.budget, 0.0) + used.calls
        return sums

    def _seconds(self) -> dict[str, float]:
        sums = dict.fromkeys(self._budgets, 0.0)
        for used in self.used():
            sums[used.budget] = sums.get(used.budget, 0.0) + used.seconds
        return sums

    # ----------------------------------------------------------------------------------------------

    def _today(self) -> str:
        """The day; when it is a new one, nothing is used yet but by calls that go on."""
        now = self.now()
        day = datetime.fromtimestamp(now).date().isoformat()
        if day != self._day:
            self._day = day
            self._uses = defaultdict(_Use)
            for call in self._running:
                is_answered = call.answered_at is not None
                if is_answered:
                    call.answered_at = now
                for key in call.keys:
                    use = self._uses[key]
                    use.ringing += not is_answered
                    use.running += is_answered
                    use.starts += now if is_answered else 0
        return day

    def _keys(self, way: GoesOut) -> Iterator[Key]:
        """The budgets that count a call by that way; an emergency call is counted by none."""
        for budget in self._budgets.values() if way.emergency is None else ():
            if budget.trunks and way.trunk not in budget.trunks:
                continue
            if budget.classes and budget.classes.isdisjoint(way.classes):
                continue
            if budget.extensions and (way.payer or "") not in self._extensions[budget.name]:
                continue
            if budget.per != "extension":
                yield Key(budget.name, way.trunk if budget.per == "trunk" else "")
            elif way.payer:
                yield Key(budget.name, way.payer)

    def _exhausted(self, way: GoesOut) -> Key | None:
        """The first budget of a way that has nothing left."""
        self._today()
        for key in self._keys(way):
            budget, use = self._budgets[key.budget], self._uses.get(key)
            if use is None:
                continue
            if self._is_used_up(budget, use):
                if use.calls >= (budget.calls or 1):
                    self._tell(key)
                return key
        return None

    def _is_used_up(self, budget: Budget, use: _Use) -> bool:
        no_calls = budget.calls is not None and use.calls + use.ringing >= budget.calls
        return no_calls or self._are_seconds_up(budget, use)

    def _are_seconds_up(self, budget: Budget, use: _Use) -> bool:
        return budget.seconds is not None and use.spent(self.now()) >= budget.seconds

    def _keep(self, key: Key) -> None:
        use = self._uses[key]
        self.write(Used(self._day, *key, use.calls, round(use.spent(self.now()), 3)))

    def _tell(self, key: Key) -> None:
        """Say once a day that a budget is used up."""
        use = self._uses[key]
        if use.is_told:
            return
        use.is_told = True
        minutes = round(use.spent(self.now()) / 60, 1)
        log.warning(
            "budget used up",
            budget=key.budget,
            subject=key.subject,
            calls=use.calls,
            minutes=minutes,
        )
        if self.events is not None:
            self.events.report_spent(key.budget, key.subject, use.calls, minutes)


def _next_midnight(now: float) -> float:
    """When the day of this machine ends."""
    tomorrow = datetime.fromtimestamp(now).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time()).timestamp()
