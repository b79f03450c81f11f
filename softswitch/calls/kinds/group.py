"""The group extension: one number that rings the phones of several extensions."""

from __future__ import annotations

from softswitch.calls.numbers.extension import Extension, ExtensionKind, RingPlan
from softswitch.settings.extensions.group import GroupExtension


def ring(extension: Extension) -> RingPlan:
    """Ring the phones of the members, all at once or in turn.

    Only a member's own phones ring, so a member that is a group or a conference rings none.
    """
    settings = extension.settings_as(GroupExtension)
    return RingPlan(settings.members, settings.strategy == "in-turn", settings.ring_time)


GROUP = ExtensionKind(name="group", api_name="Group", settings=GroupExtension, ring=ring)
