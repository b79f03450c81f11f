"""Forwarding from the phone, as GSM has it (3GPP TS 22.030) and as FreePBX has it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import change_features, own_extension
from softswitch.calls.codes.service_code import ServiceCode, refuse, say, spelled
from softswitch.calls.features.features import ChosenFeatures, Condition, Features, ForwardTo
from softswitch.calls.numbers.routing import Unroutable
from softswitch.calls.prompts.sentences import Sentence, said
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.wishes import check_forward

REFUSALS = {
    403: said("forwarding_not_allowed"),
    404: said("leads_nowhere"),
    482: said("forwarding_itself"),
}
LONGEST_RINGING = 600
"Seconds, as in the settings."


async def _set(condition: Condition, answering: Answering, call: Call, argument: str) -> None:
    """Forward calls to a number, and perhaps after so many seconds."""
    number, _, seconds = argument.partition("*")
    plan, extension = answering.ringer.plan, await own_extension(answering, call)
    try:
        check_forward(plan, extension, number)
    except Unroutable as error:
        await refuse(answering, call, REFUSALS.get(error.status, REFUSALS[404]))
    if seconds and not 0 < int(seconds) <= LONGEST_RINGING:
        await refuse(answering, call, said("forwarding_time"))

    def change(chosen: ChosenFeatures) -> ChosenFeatures:
        changed = msgspec.structs.replace(chosen, **{condition.value: ForwardTo(number=number)})
        if seconds:
            changed = msgspec.structs.replace(changed, forward_after=float(seconds))
        return changed

    await change_features(answering, call, change)
    await say(answering, call, said(condition.value, number=spelled(number)))


async def _switch(
    condition: Condition, on: bool, answering: Answering, call: Call, _argument: str
) -> None:
    """Let a forward count that was set before, or no more; its number is kept."""
    extension = await own_extension(answering, call)
    forward = answering.ringer.plan.features_of(extension).forward(condition)
    if on and not forward.number:
        await refuse(answering, call, said("forwarding_not_set"))
    if on:
        await _set(condition, answering, call, forward.number)
    kept = ForwardTo(number=forward.number, on=False)
    await change_features(
        answering, call, lambda chosen: msgspec.structs.replace(chosen, **{condition.value: kept})
    )
    await say(answering, call, said(f"{condition.value}_off"))


async def _end_all(answering: Answering, call: Call, _argument: str) -> None:
    """Let no forward count any more."""
    extension = await own_extension(answering, call)
    features = answering.ringer.plan.features_of(extension)
    off = {
        condition.value: ForwardTo(number=features.forward(condition).number, on=False)
        for condition in Condition
    }
    await change_features(answering, call, lambda chosen: msgspec.structs.replace(chosen, **off))
    await say(answering, call, said("forwarding_off"))


async def _status(answering: Answering, call: Call, _argument: str) -> None:
    """Say which calls go where."""
    extension = await own_extension(answering, call)
    await say(answering, call, *_sentences(answering.ringer.plan.features_of(extension)))


def _sentences(features: Features) -> list[Sentence]:
    forwards = [(each.value, features.forward(each).target) for each in Condition]
    told = [said(name, number=spelled(number)) for name, number in forwards if number]
    if features.do_not_disturb:
        told.append(said("do_not_disturb_on"))
    return told or [said("forwarding_none")]


def _codes_of(condition: Condition) -> Iterator[ServiceCode]:
    yield ServiceCode(condition.value, partial(_set, condition))
    yield ServiceCode(f"{condition.value}_on", partial(_switch, condition, True))
    yield ServiceCode(f"{condition.value}_off", partial(_switch, condition, False))


FORWARDING = (
    *(code for condition in Condition for code in _codes_of(condition)),
    ServiceCode("forwarding_off", _end_all),
    ServiceCode("forwarding_status", _status),
)
