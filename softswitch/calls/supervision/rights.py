"""Who may supervise whom: extensions that a supervisor's settings name, or members of a group."""

from __future__ import annotations

from collections.abc import Iterator

from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.rules.route import NumberSet
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.extensions.queue import QueueExtension


def may_supervise(plan: DialPlan, supervisor: str, number: str) -> bool:
    """Whether an extension may supervise the calls of another; nobody may its own."""
    found = plan.directory.find(supervisor) if supervisor else None
    settings = found.settings if found is not None else None
    if not isinstance(settings, PhoneExtension) or number in {"", supervisor}:
        return False
    named = settings.supervises
    return number in NumberSet(named) or any(number in _members(plan, each) for each in named)


def _members(plan: DialPlan, number: str) -> set[str]:
    """Whom a group or a queue rings, groups within groups too; nobody for other numbers."""
    found: set[str] = set()
    waiting, seen = [number], set()
    while waiting:
        group = waiting.pop()
        if group not in seen:
            seen.add(group)
            members = set(_rung(plan, group))
            found |= members
            waiting += members
    return found


def _rung(plan: DialPlan, number: str) -> Iterator[str]:
    extension = plan.directory.find(number)
    if extension is None:
        return
    if isinstance(extension.settings, QueueExtension):
        yield from (agent.number for agent in extension.settings.agents)
        yield from plan.agents.logged_in(number)
    elif extension.ring_plan is not None and extension.ring_plan.group:
        yield from extension.ring_plan.numbers
