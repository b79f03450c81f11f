"""The echo extension: the switch answers by itself and plays back what it hears."""

from __future__ import annotations

from softswitch.calls.call import Call
from softswitch.calls.conversation import converse
from softswitch.calls.directory import Extension
from softswitch.calls.endings import CallEnds, refused_here
from softswitch.calls.hold import settle
from softswitch.calls.setup import acknowledged, answer_caller, open_caller_port, read_offer
from softswitch.sdp.description import DescriptionError


async def echo(call: Call, extension: Extension) -> None:
    """Answer the caller and let it hear itself until it hangs up."""
    audio = call.caller.audio
    read_offer(call)
    await open_caller_port(call)
    assert audio.port is not None
    late = call.is_late_offer
    sdp = audio.offer_own() if late else audio.answer_own()
    await call.house.history.is_on_disk(call.start_record)
    audio.port.echo()
    answer_caller(call, sdp, [])
    if late:
        try:
            audio.answered(await acknowledged(call))
        except DescriptionError as error:
            raise CallEnds(refused_here(488)) from error
    settle(call)
    await converse(call)
