"""The echo extension: the switch answers by itself and plays back what it receives."""

from __future__ import annotations

from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import CallState
from softswitch.calls.kinds.served import ServedKind
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.setup.answering import Answering
from softswitch.settings.extensions.echo import EchoExtension


async def serve(answering: Answering, call: Call, _extension: Extension) -> None:
    """Answer the caller and send its own sound back until it hangs up.

    Who takes the caller's place hears itself, too; when the echo is transferred, nobody does.
    """
    echo = call.callee
    await answering.answer(call)
    _play_back(echo, call)
    call.listen(partial(_entered, echo))
    await answering.conversation.converse(call)


def _entered(echo: Party, call: Call, state: CallState) -> None:
    if state is CallState.TRANSFERRED and echo in call.parties:
        _play_back(echo, call)


def _play_back(echo: Party, call: Call) -> None:
    port = call.other(echo).audio.port
    assert port is not None
    port.echo()


ECHO = ServedKind(name="echo", api_name="Echo test", settings=EchoExtension, serve=serve)
