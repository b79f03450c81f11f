"""Callback on busy, asked for by code; `calls/calling_back.py` does it."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import NOT_KEPT
from softswitch.calls.codes.service_code import ServiceCode, refuse, say, spelled
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import Rights, Unroutable
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.store.errors import StoreError


async def _ask(answering: Answering, call: Call, argument: str) -> None:
    """Wait for an extension, the last busy one unless another is dialled."""
    wishes, own = answering.ringer.wishes, call.caller.extension
    wanted = argument or wishes.recent.last_busy(own)
    if not wanted:
        await refuse(answering, call, said("callback_nobody"))
    try:
        found = answering.ringer.plan.routing.destination(wanted, Rights(own))
    except Unroutable:
        await refuse(answering, call, said("leads_nowhere"))
    if not isinstance(found, Extension) or not found.kind.registers or found.number == own:
        await refuse(answering, call, said("callback_cannot"))
    if not answering.ringer.plan.turns.lines.are_used_by(found.number):
        await refuse(answering, call, said("callback_free", number=spelled(found.number)))
    try:
        await wishes.callbacks.ask(own, found.number, call.chain_id)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    await say(answering, call, said("callback", number=spelled(found.number)))


async def _cancel(answering: Answering, call: Call, _argument: str) -> None:
    """Wait for nobody any more."""
    try:
        dropped = await answering.ringer.wishes.callbacks.cancel(call.caller.extension)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    await say(answering, call, said("callback_cancelled" if dropped else "callback_none"))


CALLBACK = (ServiceCode("callback", _ask), ServiceCode("callback_cancel", _cancel))
