"""What extensions do at this moment: whether they could be rung, ring, or talk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from enum import StrEnum

from softswitch.calls.call.calls import Calls
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.settings.extensions.group import GroupExtension


class MemberStatus(StrEnum):
    """What an extension does now."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"
    DO_NOT_DISTURB = "do-not-disturb"
    UNREACHABLE = "unreachable"
    "None of its phones is registered."
    GROUP = "group"
    "It is a group itself; its members stand there."


def rung_now(calls: Calls) -> frozenset[str]:
    """The extensions whose phones ring now."""
    return frozenset(number for call in calls for number in call.rung.values())


def calls_by_extension(calls: Calls) -> Mapping[str, list[str]]:
    """The ids of the calls in which each extension talks, rings, or has been dialled."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for call in calls:
        numbers = {party.extension for party in call.parties} | set(call.rung.values())
        for number in (numbers | {call.dialled}) - {""}:
            found[number].append(call.id)
    return found


def status_of(plan: DialPlan, number: str, rung: Collection[str]) -> MemberStatus:
    """What an extension does; `rung` are those whose phones ring."""
    found = plan.directory.find(number)
    if found is not None and isinstance(found.settings, GroupExtension):
        return MemberStatus.GROUP
    if number in rung:
        return MemberStatus.RINGING
    if plan.turns.lines.are_used_by(number):
        return MemberStatus.BUSY
    is_phone = found is None or found.kind.registers
    if is_phone and not plan.registrations.contacts(number):
        return MemberStatus.UNREACHABLE
    if found is not None and plan.features_of(found).do_not_disturb:
        return MemberStatus.DO_NOT_DISTURB
    return MemberStatus.FREE
