"""The echo extension: the switch answers by itself and plays back what it hears."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.directory import Extension
from softswitch.calls.setup.answering import answer
from softswitch.calls.setup.conversation import converse


async def echo(call: Call, extension: Extension) -> None:
    """Answer the caller and let it hear itself until it hangs up."""
    await answer(call)
    port = call.caller.audio.port
    assert port is not None
    port.echo()
    await converse(call)
