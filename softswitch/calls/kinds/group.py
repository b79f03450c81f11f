"""The group extension: one number that rings the phones of several extensions."""

from __future__ import annotations

from softswitch.calls.numbers.extension import Extension, ExtensionKind, MemberOrder, RingPlan
from softswitch.settings.extensions.group import GroupExtension

ORDERS = {
    "all": MemberOrder.LISTED,
    "in-turn": MemberOrder.LISTED,
    "round-robin": MemberOrder.ROUND_ROBIN,
    "random": MemberOrder.RANDOM,
    "least-recent": MemberOrder.LEAST_RECENT,
}
"The order in which the members ring, by strategy; with `all` they ring at once."


def ring(extension: Extension) -> RingPlan:
    """Ring the phones of the members, all at once or one after the other.

    A member that is a group stands for its members; one that rings no phones rings none here.
    """
    settings = extension.settings_as(GroupExtension)
    return RingPlan(
        tuple(member.number for member in settings.members),
        settings.strategy != "all",
        settings.ring_time,
        group=extension.number,
        order=ORDERS[settings.strategy],
        delays={each.number: each.delay for each in settings.members},
        skip_busy=settings.skip_busy,
        overflow=settings.overflow or "",
    )


GROUP = ExtensionKind(name="group", api_name="Group", settings=GroupExtension, ring=ring)
