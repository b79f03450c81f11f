"""The group extension: one number that rings the phones of several extensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from softswitch.calls.call import Call
from softswitch.calls.directory import Extension
from softswitch.calls.setup import ring


async def call_group(call: Call, extension: Extension) -> None:
    """Ring the members, all at once or in turn as the group's `strategy` says.

    Members that have no phone are passed over; a number of another kind has none.
    """
    members = cast(Sequence[str], extension.options.get("members", ()))
    phones = [call.house.registrations.contacts(member) for member in members]
    if extension.options.get("strategy") == "in-turn":
        await ring(call, phones, extension.ring_time)
    else:
        await ring(call, [[binding for found in phones for binding in found]], extension.ring_time)
