"""The caller's leg of a call that came in: its offer, its port, our 200 and its ACK."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.call.history import History
from softswitch.calls.call.party import Party
from softswitch.calls.call.port_opening import Ports, open_port
from softswitch.calls.endings.endings import CallEnds, cancelled, refused_here
from softswitch.calls.endings.states import Occurrence
from softswitch.calls.leg.header_passthrough import Header, warning
from softswitch.calls.leg.leg import Leg
from softswitch.calls.setup.conversation import end_of
from softswitch.sdp.description import DescriptionError
from softswitch.sip.events import Acknowledged
from softswitch.sip.message.body import SDP


def read_offer(call: Call) -> None:
    """Take the caller's offer, if it made one; before any port is opened. Raises CallEnds."""
    caller = call.caller
    if caller.leg is not None:
        caller.audio.far_end = caller.leg.flow.remote[0]
        caller.audio.is_inside = caller.leg.is_inside
        caller.audio.terms = call.terms.srtp.of(caller.srtp, caller.leg.flow.transport)
    if call.caller_sdp is None:
        if call.invite is not None and call.invite.body:
            raise CallEnds(refused_here(415, headers=(("Accept", SDP),)))
        return
    try:
        caller.audio.offered(call.caller_sdp)
    except DescriptionError as error:
        headers = (warning(error, call.terms.domain),)
        raise CallEnds(refused_here(error.status, headers=headers)) from error


async def open_caller_port(ports: Ports, call: Call, *, other: Party | None = None) -> None:
    """Open the caller's port, on the worker of the `other` it is going to talk to.

    That is the callee where none is given. Raises CallEnds.
    """
    leg, heard = call.caller.leg, call.caller.audio.heard
    assert leg is not None
    said = heard.remote[0] if heard is not None and heard.remote is not None else None
    await open_port(ports, call, call.caller, said or leg.flow.remote[0], other=other)


def check_caller(call: Call) -> Leg:
    """The caller's leg; raises CallEnds when the caller has gone while something else was done."""
    leg = call.caller.leg
    assert leg is not None
    if leg.ended.done():
        raise CallEnds(end_of(call, leg, leg.ended.result()) or cancelled(None))
    return leg


async def answer_caller(history: History, call: Call, sdp: bytes, headers: list[Header]) -> None:
    """Send the 200 of leg A, unless the caller has just gone; the call is on disk before."""
    await history.is_on_disk(call.start_record)
    leg = check_caller(call)
    call.stop_ringback()
    if call.callee.leg is None:
        call.tell("answered", number=call.callee.number)
    call.happen(Occurrence.ANSWERED)
    history.answered(call)
    leg.take("REFER")
    leg.accept(sdp, headers)


async def acknowledged(call: Call) -> bytes | None:
    """Wait for the caller's ACK; returns the description in it. Raises CallEnds."""
    while True:
        leg, event = await call.next_event()
        if isinstance(event, Acknowledged) and leg is call.caller.leg:
            return event.sdp
        ending = end_of(call, leg, event)
        if ending is not None:
            raise CallEnds(ending)
