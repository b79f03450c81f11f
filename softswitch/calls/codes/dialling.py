"""Codes that dial: numbers that an extension has stored, and the one that has called it last.

They reach what the extension may dial itself, and nothing else.
"""

from __future__ import annotations

from typing import NoReturn

import msgspec

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import change_features, own_extension
from softswitch.calls.codes.service_code import ServiceCode, refuse, say, spelled
from softswitch.calls.features.features import ChosenFeatures
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.setup import rights_of

LONGEST_SLOT = 2
"Digits."


async def _speed_dial(answering: Answering, call: Call, slot: str) -> None:
    """Dial a stored number."""
    extension = await own_extension(answering, call)
    number = answering.ringer.plan.features_of(extension).speed_dials.get(slot)
    if number is None:
        await refuse(answering, call, said("speed_dial_none", slot=spelled(slot)))
    _dial(call, number)


async def _store(answering: Answering, call: Call, argument: str) -> None:
    """Store a number under one or two digits."""
    slot, _, number = argument.partition("*")
    await _change(answering, call, slot, number)
    await say(
        answering, call, said("speed_dial_stored", number=spelled(number), slot=spelled(slot))
    )


async def _clear(answering: Answering, call: Call, slot: str) -> None:
    """Forget a stored number."""
    await _change(answering, call, slot, "")
    await say(answering, call, said("speed_dial_none", slot=spelled(slot)))


async def _change(answering: Answering, call: Call, slot: str, number: str) -> None:
    if not slot.isdigit() or len(slot) > LONGEST_SLOT:
        await refuse(answering, call, said("speed_dial_slots"))
    extension = await own_extension(answering, call)

    def change(chosen: ChosenFeatures) -> ChosenFeatures:
        dials = {**chosen.on(extension.settings).speed_dials, slot: number}
        kept = {slot: number for slot, number in dials.items() if number}
        return msgspec.structs.replace(chosen, speed_dials=kept)

    await change_features(answering, call, change)


async def _last_caller(answering: Answering, call: Call, _argument: str) -> None:
    """Dial who has called last."""
    caller = answering.ringer.wishes.recent.last_caller(call.caller.extension)
    if caller is None:
        await refuse(answering, call, said("last_caller_none"))
    if caller.is_private or not caller.number:
        await refuse(answering, call, said("last_caller_hidden"))
    if answering.ringer.plan.routing.is_emergency(caller.number, rights_of(call)):
        await refuse(answering, call, said("last_caller_false"))
    _dial(call, caller.number)


def _dial(call: Call, number: str) -> NoReturn:
    """Go on as if the number had been dialled. Raises Forwarded."""
    raise Forwarded(number, rights_of(call))


DIALLING = (
    ServiceCode("speed_dial", _speed_dial),
    ServiceCode("speed_dial_store", _store),
    ServiceCode("speed_dial_clear", _clear),
    ServiceCode("last_caller", _last_caller),
)
