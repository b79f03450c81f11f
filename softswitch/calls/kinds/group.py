"""The group extension: one number that rings the phones of several extensions."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.directory import Extension
from softswitch.calls.setup.setup import ring


async def call_group(call: Call, extension: Extension) -> None:
    """Ring the members, all at once or in turn as the group's `strategy` says.

    Members that have no phone are passed over; a number of another kind has none.
    """
    await ring(call, call.house.phones(extension))
