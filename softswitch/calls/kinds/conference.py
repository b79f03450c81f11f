"""The conference extension: callers of its number are answered and hear each other."""

from __future__ import annotations

from softswitch.calls.call.admission import NoPlace, together, visit
from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import CallEnds
from softswitch.calls.kinds.served import ServedKind
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.setup.answering import Answering
from softswitch.settings.extensions.conference import ConferenceExtension


async def serve(answering: Answering, call: Call, extension: Extension) -> None:
    """Answer the caller, let it into the room, and keep it there until it hangs up."""
    try:
        visit(answering.ringer.rooms, call, call.callee, extension, call.caller)
    except NoPlace as error:
        raise CallEnds(error.ending) from error
    try:
        await answering.answer(call)
    except BaseException:
        call.callee.leave_room()
        raise
    together(call)
    await answering.conversation.converse(call)


CONFERENCE = ServedKind(
    name="conference",
    api_name="Conference",
    settings=ConferenceExtension,
    is_room=True,
    serve=serve,
)
