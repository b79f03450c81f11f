"""The sequence of a call, from the INVITE to the conversation; the place to start reading.

`follow_number` finds what is behind the dialled number. Where phones ring, `ring` rings them round
by round, and the first that answers is connected to the caller: two legs, two dialogs, the media
through our ports (RFC 3261 section 6 "B2BUA", offers and answers as in RFC 3264 and RFC 6337).
Whatever ends the call raises `CallEnds`; `life.py` then clears everything up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from softswitch.calls.call.call import Call, Forward, MediaGone, Party, RingTimeout
from softswitch.calls.call.hold import settle
from softswitch.calls.endings.endings import (
    CallEnds,
    broken,
    cancelled,
    not_answered,
    overloaded,
    refused_here,
)
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.header_passthrough import PROVISIONAL, passed, warning
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.forwarding import Forwarded, redirected_to
from softswitch.calls.numbers.routing import COMMAND, INSIDE, Destination, Rights, Unroutable
from softswitch.calls.numbers.targets import Rounds, Target
from softswitch.calls.ports.media_port import MediaPort, NoAddress, NoPortFree, WorkerGone
from softswitch.calls.setup.conversation import converse, end_of
from softswitch.calls.setup.forks import Forks
from softswitch.sdp.description import DescriptionError
from softswitch.sip.events import Acknowledged, Answered, Failed, Ringing
from softswitch.sip.message.body import SDP

MOST_FORWARDS = 5
"How often one call may be sent on to another number."

PASSED_ON = frozenset((180, 181, 182, 183))
"Provisional responses that the caller hears of."


async def follow_number(call: Call) -> None:
    """Hand the call to what is behind the dialled number, and behind those it is forwarded to."""
    visited: list[str] = []
    number, rights = first_number(call), rights_of(call)
    if call.house.intercept is not None and call.invite is not None:
        try:
            await call.house.intercept(call)
        except Forwarded as forwarded:
            number, rights = forwarded.number, forwarded.rights
    while True:
        if number in visited or len(visited) > MOST_FORWARDS:
            raise CallEnds(refused_here(482, "forwarded in a circle"))
        visited.append(number)
        try:
            destination = call.house.routing.destination(number, rights)
        except Unroutable as error:
            raise CallEnds(refused_here(error.status)) from error
        try:
            await serve(call, number, destination)
        except Forwarded as forwarded:
            number, rights = forwarded.number, forwarded.rights


async def serve(call: Call, number: str, destination: Destination) -> None:
    """Hand the call to whoever serves what its number leads to."""
    call.callee.line = ""
    if not isinstance(destination, Extension):
        call.callee.number, call.callee.name = number, ""
        await ring(call, call.house.ways_out(destination, call.caller))
        return
    call.callee.number, call.callee.name = destination.number, destination.name
    plan = destination.ring_plan
    if plan is not None:
        await ring(call, call.house.phones(plan))
    else:
        await call.house.services[destination.kind](call, destination)


def rights_of(call: Call) -> Rights:
    """Which routes the caller may use."""
    if call.invite is None:
        return COMMAND
    return INSIDE if call.caller.line else Rights(call.caller.number)


def first_number(call: Call) -> str:
    """What the caller dialled; raises CallEnds when it is nothing of ours."""
    if call.invite is None or call.caller.line:
        return call.dialled
    flow = call.caller.leg.flow if call.caller.leg is not None else None
    try:
        return call.house.routing.dialled(call.invite.uri, flow)
    except Unroutable as error:
        raise CallEnds(refused_here(error.status)) from error


async def ring(call: Call, rounds: Rounds) -> None:
    """Ring round after round, connect the first that answers, stay until the end."""
    remaining = list(rounds.rounds)
    if not remaining:
        raise CallEnds(rounds.nobody)
    read_offer(call)
    await open_caller_port(call)
    await open_port(call, call.callee, remaining[0][0].flow.remote[0])
    check_caller(call)
    offer = None if call.is_late_offer else call.callee.audio.offer(call.caller.audio)
    seconds = rounds.ring_time or call.house.limits.ring_time
    while True:
        try:
            leg, answered = await ring_once(call, remaining.pop(0), offer, seconds)
            break
        except CallEnds as end:
            if not remaining or not rounds.goes_on(end.ending):
                raise
    await connect(call, leg, answered)
    await converse(call)


async def ring_once(
    call: Call, targets: Sequence[Target], offer: bytes | None, seconds: float
) -> tuple[Leg, Answered]:
    """Ring these; returns the first that answers, the others are cancelled."""
    with Forks(call, seconds) as forks:
        forks.dial(targets, offer)
        leg, answered = await first_answer(call, forks)
        forks.win(leg)
    return leg, answered


def read_offer(call: Call) -> None:
    """Take the caller's offer, if it made one; before any port is opened."""
    if call.caller_sdp is None:
        if call.invite is not None and call.invite.body:
            raise CallEnds(refused_here(415, headers=(("Accept", SDP),)))
        return
    if call.caller.leg is not None:
        call.caller.audio.far_end = call.caller.leg.flow.remote[0]
    try:
        call.caller.audio.offered(call.caller_sdp)
    except DescriptionError as error:
        headers = (warning(error, call.house.domain),)
        raise CallEnds(refused_here(error.status, headers=headers)) from error


async def open_caller_port(call: Call) -> None:
    """Open the caller's port."""
    leg, heard = call.caller.leg, call.caller.audio.heard
    assert leg is not None
    said = heard.remote[0] if heard is not None and heard.remote is not None else None
    await open_port(call, call.caller, said or leg.flow.remote[0])


async def open_port(call: Call, party: Party, far_end: str, *, other: Party | None = None) -> None:
    """Open a port for a party, on the worker of the other; keep the one that it has there.

    `far_end`: an address of the party's phone, for the family of ours. `other` is whom the party
    is going to talk to, when it is not the other party of the call.
    """
    beside, old = (other or call.other(party)).beside, party.audio.port
    if old is not None:
        if beside is None or beside.worker is old.worker:
            return
        party.audio.port = None
        old.close()
    try:
        port = await call.house.ports.open(beside, ipv6=":" in far_end)
    except NoAddress as error:
        headers = (warning(DescriptionError(str(error), 488, 300), call.house.domain),)
        raise CallEnds(refused_here(488, headers=headers)) from error
    except NoPortFree as error:
        raise CallEnds(overloaded("no media port")) from error
    except WorkerGone as error:
        raise CallEnds(overloaded("media worker died")) from error
    party.audio.move_to(port)
    watch_port(call, party, port)


def watch_port(call: Call, party: Party, port: MediaPort) -> None:
    """Let the call hear of the party's keys, and when its port can no longer serve."""
    port.gone.add_done_callback(partial(_port_gone, call, party))
    if party.keys is not None:
        port.hear_keys(party.keys.press)


def _port_gone(call: Call, party: Party, gone: asyncio.Future[str]) -> None:
    port = party.audio.port
    if port is not None and port.gone is gone and not gone.cancelled():
        call.put(None, MediaGone(party, gone.result()))


async def first_answer(call: Call, forks: Forks) -> tuple[Leg, Answered]:
    """Wait until a phone answers; raises CallEnds or Forwarded when that will not happen."""
    while True:
        leg, event = await call.next_event()
        if leg is not None and leg in forks:
            match event:
                case Ringing():
                    ringing(call, forks, leg, event)
                case Answered():
                    return leg, event
                case Failed():
                    number = redirected_to(event.status, event.headers, call.house.routing)
                    if number is not None:
                        raise Forwarded(number, INSIDE)
                    ending = forks.refuse(leg, event)
                    if ending is not None:
                        raise CallEnds(ending)
        elif isinstance(event, RingTimeout) and event.phones is forks:
            raise CallEnds(not_answered())
        elif isinstance(event, Forward):
            raise Forwarded(event.number)
        elif (ending := end_of(call, leg, event)) is not None:
            raise CallEnds(ending)


def ringing(call: Call, forks: Forks, leg: Leg, event: Ringing) -> None:
    """Let the caller hear that it rings, or the early media of the callee's side."""
    if event.status not in PASSED_ON:
        return
    early = event.sdp is not None and not call.is_late_offer
    if forks.rang is None:
        forks.rang = leg
    elif leg is not forks.rang and not early:
        return
    if call.state is CallState.SETUP:
        call.happen(Occurrence.RANG)
    sdp = None
    if early:
        try:
            sdp = agree(call, leg, event.sdp)
        except DescriptionError:
            return
        for party in call.parties:
            party.audio.open_early()
    if call.caller.leg is not None:
        call.caller.leg.progress(event.status, sdp, passed(event.headers, PROVISIONAL))


def agree(call: Call, leg: Leg, answer: bytes | None) -> bytes:
    """Take the answer of a callee's phone, let both sides hear each other, and answer the caller.

    Raises DescriptionError when the phone chose what the caller cannot do.
    """
    caller, callee = call.caller.audio, call.callee.audio
    callee.far_end = leg.flow.remote[0]
    callee.answered(answer)
    sdp = caller.answer(callee)
    caller.join(callee)
    return sdp


async def connect(call: Call, leg: Leg, answered: Answered) -> None:
    """Join the phone that answered and the caller; the call's record is on disk before."""
    call.callee.leg = leg
    headers = passed(answered.headers, PROVISIONAL)
    if call.is_late_offer:
        await connect_late_offer(call, leg, answered, headers)
        return
    leg.acknowledge()
    try:
        answer = agree(call, leg, answered.sdp)
    except DescriptionError as error:
        raise CallEnds(broken("incompatible", answered=False, cause=88, status=488)) from error
    await call.house.history.is_on_disk(call.start_record)
    answer_caller(call, answer, headers)
    settle(call)


async def connect_late_offer(
    call: Call, leg: Leg, answered: Answered, headers: list[tuple[str, str]]
) -> None:
    """Carry the callee's offer to the caller, and the answer in the caller's ACK back."""
    caller, callee = call.caller.audio, call.callee.audio
    callee.far_end = leg.flow.remote[0]
    try:
        callee.offered(answered.sdp)
        offer = caller.offer(callee)
        await call.house.history.is_on_disk(call.start_record)
        answer_caller(call, offer, headers)
        caller.answered(await acknowledged(call))
        leg.acknowledge(callee.answer(caller))
    except DescriptionError as error:
        raise CallEnds(broken("incompatible", answered=False, cause=88, status=488)) from error
    call.happen(Occurrence.CONNECTED)
    caller.join(callee)
    settle(call)


def check_caller(call: Call) -> Leg:
    """The caller's leg; raises CallEnds when the caller has gone while something else was done."""
    leg = call.caller.leg
    assert leg is not None
    if leg.ended.done():
        raise CallEnds(end_of(call, leg, leg.ended.result()) or cancelled(None))
    return leg


def answer_caller(call: Call, sdp: bytes, headers: list[tuple[str, str]]) -> None:
    """Send the 200 of leg A, unless the caller has just gone."""
    leg = check_caller(call)
    call.happen(Occurrence.ANSWERED)
    call.house.history.answered(call)
    leg.take("REFER")
    leg.accept(sdp, headers)


async def acknowledged(call: Call) -> bytes | None:
    """Wait for the caller's ACK; returns the description in it."""
    while True:
        leg, event = await call.next_event()
        if isinstance(event, Acknowledged) and leg is call.caller.leg:
            return event.sdp
        ending = end_of(call, leg, event)
        if ending is not None:
            raise CallEnds(ending)
