"""The conference extension: callers of its number are answered and hear each other."""

from __future__ import annotations

from softswitch.calls.admission import NoPlace, together, visit
from softswitch.calls.answering import answer
from softswitch.calls.call import Call
from softswitch.calls.conversation import converse
from softswitch.calls.directory import Extension
from softswitch.calls.endings import CallEnds


async def confer(call: Call, extension: Extension) -> None:
    """Answer the caller, let it into the room, and keep it there until it hangs up."""
    try:
        visit(call, call.callee, extension, call.caller)
    except NoPlace as error:
        raise CallEnds(error.ending) from error
    try:
        await answer(call)
    except BaseException:
        call.callee.leave_room()
        raise
    together(call)
    await converse(call)
