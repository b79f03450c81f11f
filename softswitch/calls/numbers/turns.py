"""Who rings for a group and when: the order of its members, groups in groups, busy members.

A member that is a group stands for its own members. In a group that rings in turn they ring as
their group says; in one that rings all at once they ring at once. A group that is met again within
itself rings nobody, and a member of two groups rings once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from softswitch.calls.leg.lines import Lines
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import MemberOrder, RingPlan

T = TypeVar("T")


class Turn(NamedTuple):
    """The member that a call of a group begins with."""

    group: str
    member: str


@dataclass(frozen=True, slots=True)
class Rung:
    """An extension whose phones ring for a group."""

    number: str
    delay: float = 0.0
    "Seconds that the others of its round ring before it."
    turns: tuple[Turn, ...] = ()
    "The turns that the call takes when it begins with this extension, the outer group's first."
    is_busy: bool = False
    "Whether it is passed over, since its group rings nobody who is busy."


@dataclass(frozen=True, slots=True)
class GroupTurns:
    """Puts the members of groups in order, and remembers whose turn it was."""

    directory: Directory
    lines: Lines
    shuffle: Callable[[list[str]], None] = random.SystemRandom().shuffle
    _last: dict[str, str] = field(default_factory=dict)
    "The member that the last call of a group began with, by the group's number."

    def rounds(self, plan: RingPlan) -> list[list[Rung]]:
        """The extensions that ring for a plan, round after round; each extension is there once."""
        seen: set[str] = set()
        rounds: list[list[Rung]] = []
        for members in self._rounds(plan, frozenset((plan.group,)), skip_busy=False):
            rounds.append([])
            for rung in members:
                if rung.number not in seen:
                    seen.add(rung.number)
                    rounds[-1].append(rung)
        return [members for members in rounds if members]

    def take(self, turns: Iterable[Turn]) -> None:
        """Note that a call begins with these members."""
        self._last.update(turns)

    def _rounds(
        self, plan: RingPlan, inside: frozenset[str], *, skip_busy: bool
    ) -> list[list[Rung]]:
        """As `rounds`, for a plan `inside` of these groups."""
        skip_busy = skip_busy or plan.skip_busy
        rounds: list[list[Rung]] = []
        for number in self._ordered(plan):
            turn = (Turn(plan.group, number),) if plan.group else ()
            found = self.directory.find(number)
            nested = None if found is None else found.ring_plan
            if nested is None or not nested.group:
                is_busy = skip_busy and self.lines.are_used_by(number)
                rounds.append([Rung(number, plan.delays.get(number, 0.0), turn, is_busy)])
            elif nested.group not in inside:
                deeper = self._rounds(nested, inside | {nested.group}, skip_busy=skip_busy)
                later = plan.delays.get(number, 0.0)
                rounds += [
                    [replace(each, delay=each.delay + later, turns=turn + each.turns) for each in r]
                    for r in deeper
                ]
        return rounds if plan.in_turn else [[each for rung in rounds for each in rung]]

    def _ordered(self, plan: RingPlan) -> list[str]:
        """The members of one group, in the order of its next call."""
        ordered = list(plan.numbers)
        match plan.order:
            case MemberOrder.ROUND_ROBIN:
                return after(ordered, self._last.get(plan.group))
            case MemberOrder.RANDOM:
                self.shuffle(ordered)
            case MemberOrder.LEAST_RECENT:
                ordered.sort(key=self.lines.free_since)
        return ordered


def after(members: Sequence[T], last: T | None) -> list[T]:
    """The members in a circle, beginning behind `last`; as they are where it is none of them."""
    begin = members.index(last) + 1 if last is not None and last in members else 0
    return [*members[begin:], *members[:begin]]
