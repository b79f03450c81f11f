"""The echo extension: the switch answers by itself and plays back what it receives."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.kinds.served import ServedKind
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.setup.answering import Answering
from softswitch.settings.extensions.echo import EchoExtension


async def serve(answering: Answering, call: Call, _extension: Extension) -> None:
    """Answer the caller and send its own sound back until it hangs up."""
    await answering.answer(call)
    port = call.caller.audio.port
    assert port is not None
    port.echo()
    await answering.conversation.converse(call)


ECHO = ServedKind(name="echo", api_name="Echo test", settings=EchoExtension, serve=serve)
