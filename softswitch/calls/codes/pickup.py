"""Picking up a call that rings another phone: that of one extension, or of the whole group."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.codes.service_code import ServiceCode, refuse, spelled
from softswitch.calls.endings.endings import (
    CallEnds,
    CannotNow,
    EndedBy,
    NotReached,
    by_command,
    refused_here,
)
from softswitch.calls.endings.states import Occurrence
from softswitch.calls.leg.header_passthrough import warning
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.pickup import PickUp, Pickups
from softswitch.sdp.description import DescriptionError


async def pick_up(answering: Answering, call: Call, number: str) -> None:
    """Give the caller the place of the phones that ring; its own call ends so."""
    ringer, caller = answering.ringer, call.caller
    pickups = Pickups(ringer.wishes.calls, ringer.plan.directory)
    found = pickups.find(caller.extension, number)
    if found is None or caller.leg is None:
        if number:
            await refuse(answering, call, said("pick_up_none_at", number=spelled(number)))
        await refuse(answering, call, said("pick_up_none"))
    ringing, rung = found
    chain = ringing.chain_id

    def given() -> None:
        caller.leg, call.chain, call.transferred = None, chain, True

    wish = PickUp(caller.leg, caller.extension, caller.name, caller.srtp, given)
    call.callee.number = rung
    try:
        await pickups.pick_up(ringing, rung, wish)
    except (CallGone, CannotNow):
        await refuse(answering, call, said("call_gone"))
    except NotReached as error:
        raise CallEnds(error.ending) from error
    except DescriptionError as error:
        headers = (warning(error, call.terms.domain),)
        raise CallEnds(refused_here(error.status, headers=headers)) from error
    call.happen(Occurrence.ANSWERED)
    answering.history.answered(call)
    raise CallEnds(by_command(EndedBy.SYSTEM, "picked up", answered=True))


PICKUP = (ServiceCode("pick_up_group", pick_up), ServiceCode("pick_up", pick_up))
