"""Do not disturb, and whether a second call may come in while one is up."""

from __future__ import annotations

from functools import partial

import msgspec

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import change_features, own_extension
from softswitch.calls.codes.service_code import ServiceCode, say
from softswitch.calls.features.features import of_settings
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering

NOT_DISTURBED = {True: said("do_not_disturb_on"), False: said("do_not_disturb_off")}
WAITING = {True: said("call_waiting_on"), False: said("call_waiting_off")}


async def _disturb(on: bool | None, answering: Answering, call: Call, _argument: str) -> None:
    """Let no phone ring, or ring again; None for the other of the two."""
    extension = await own_extension(answering, call)
    wanted = not answering.ringer.plan.features_of(extension).do_not_disturb if on is None else on
    await change_features(
        answering, call, lambda chosen: msgspec.structs.replace(chosen, do_not_disturb=wanted)
    )
    await say(answering, call, NOT_DISTURBED[wanted])


async def _wait(on: bool, answering: Answering, call: Call, _argument: str) -> None:
    """Let a second call ring, or not: as many as the settings say, and one call at a time."""
    most = (0 if await _takes_one(answering, call) else None) if on else 1
    await change_features(
        answering, call, lambda chosen: msgspec.structs.replace(chosen, max_calls=most)
    )
    await say(answering, call, WAITING[on])


async def _takes_one(answering: Answering, call: Call) -> bool:
    """Whether the settings of the extension allow one call at a time."""
    extension = await own_extension(answering, call)
    return of_settings(extension.settings).max_calls == 1


AVAILABILITY = (
    ServiceCode("do_not_disturb_on", partial(_disturb, True)),
    ServiceCode("do_not_disturb_off", partial(_disturb, False)),
    ServiceCode("do_not_disturb", partial(_disturb, None)),
    ServiceCode("call_waiting_on", partial(_wait, True)),
    ServiceCode("call_waiting_off", partial(_wait, False)),
)
