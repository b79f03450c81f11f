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
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.wishes import check_forward

WHEN = {
    Condition.ALWAYS: "All calls",
    Condition.BUSY: "Calls while you are busy",
    Condition.NO_ANSWER: "Calls that you do not answer",
    Condition.NOT_REGISTERED: "Calls while your phone cannot be reached",
}
"The beginning of a sentence about calls that are forwarded."

REFUSALS = {
    403: "You may not forward calls to that number.",
    404: "That number leads nowhere.",
    482: "Calls cannot be forwarded to their own number.",
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
        await refuse(answering, call, "That is no time to wait.")

    def change(chosen: ChosenFeatures) -> ChosenFeatures:
        changed = msgspec.structs.replace(chosen, **{condition.value: ForwardTo(number=number)})
        if seconds:
            changed = msgspec.structs.replace(changed, forward_after=float(seconds))
        return changed

    await change_features(answering, call, change)
    await say(answering, call, f"{WHEN[condition]} go to {spelled(number)}.")


async def _switch(
    condition: Condition, on: bool, answering: Answering, call: Call, _argument: str
) -> None:
    """Let a forward count that was set before, or no more; its number is kept."""
    extension = await own_extension(answering, call)
    forward = answering.ringer.plan.features_of(extension).forward(condition)
    if on and not forward.number:
        await refuse(answering, call, "No number was set.")
    if on:
        await _set(condition, answering, call, forward.number)
    kept = ForwardTo(number=forward.number, on=False)
    await change_features(
        answering, call, lambda chosen: msgspec.structs.replace(chosen, **{condition.value: kept})
    )
    await say(answering, call, f"{WHEN[condition]} are no longer forwarded.")


async def _end_all(answering: Answering, call: Call, _argument: str) -> None:
    """Let no forward count any more."""
    extension = await own_extension(answering, call)
    features = answering.ringer.plan.features_of(extension)
    off = {
        condition.value: ForwardTo(number=features.forward(condition).number, on=False)
        for condition in Condition
    }
    await change_features(answering, call, lambda chosen: msgspec.structs.replace(chosen, **off))
    await say(answering, call, "No calls are forwarded any more.")


async def _status(answering: Answering, call: Call, _argument: str) -> None:
    """Say which calls go where."""
    extension = await own_extension(answering, call)
    await say(answering, call, " ".join(_sentences(answering.ringer.plan.features_of(extension))))


def _sentences(features: Features) -> list[str]:
    forwards = [(when, features.forward(condition).target) for condition, when in WHEN.items()]
    said = [f"{when} go to {spelled(number)}." for when, number in forwards if number]
    if features.do_not_disturb:
        said.append("You are not disturbed.")
    return said or ["No calls are forwarded."]


def _codes_of(condition: Condition) -> Iterator[ServiceCode]:
    yield ServiceCode(condition.value, partial(_set, condition))
    yield ServiceCode(f"{condition.value}_on", partial(_switch, condition, True))
    yield ServiceCode(f"{condition.value}_off", partial(_switch, condition, False))


FORWARDING = (
    *(code for condition in Condition for code in _codes_of(condition)),
    ServiceCode("forwarding_off", _end_all),
    ServiceCode("forwarding_status", _status),
)
