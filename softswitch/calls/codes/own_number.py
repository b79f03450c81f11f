"""`*65`: the switch says which extension a phone is."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.codes.service_code import ServiceCode, say, spelled
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering


async def say_own_number(answering: Answering, call: Call, _argument: str) -> None:
    """Say the number of the extension."""
    await say(answering, call, said("own_number", number=spelled(call.caller.extension)))


OWN_NUMBER = (ServiceCode("own_number", say_own_number),)
