"""Rings a number for one party of a running call: calls that the switch begins, and transfers.

Whatever else happens to the call meanwhile goes on as in a conversation (`conversation.take`).
"""

from __future__ import annotations

from softswitch.calls.audio import AudioStream
from softswitch.calls.call import Call, Party, RingTimeout
from softswitch.calls.conversation import take
from softswitch.calls.endings import Ending, broken, not_answered, not_registered, refused_here
from softswitch.calls.forks import Forks
from softswitch.calls.house import House
from softswitch.calls.leg import Leg
from softswitch.calls.registrations import Binding
from softswitch.calls.routing import Unroutable, flow_to
from softswitch.calls.setup import open_port
from softswitch.calls.states import CallState, Occurrence
from softswitch.sdp.description import DescriptionError
from softswitch.sip.events import Answered, Failed, Ringing

RINGABLE = frozenset({"phone", "group"})
"Kinds of extensions that are phones to ring."


class NotReached(Exception):
    """Nobody answers at the number; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.detail)
        self.ending = ending


def phones_of(house: House, number: str) -> tuple[list[Binding], float | None]:
    """The phones behind a number, and their own ring time. Raises NotReached."""
    try:
        extension = house.routing.extension(number)
    except Unroutable as error:
        raise NotReached(refused_here(error.status)) from error
    if extension.kind not in RINGABLE:
        raise NotReached(refused_here(480, f"an extension of kind {extension.kind} is no phone"))
    members = extension.options.get("members")
    numbers = members if isinstance(members, (list, tuple)) else [extension.number]
    bindings = [one for member in numbers for one in house.registrations.contacts(str(member))]
    if not bindings:
        raise NotReached(not_registered())
    return bindings, extension.ring_time


async def ring_party(
    call: Call,
    party: Party,
    shown: Party,
    *,
    like: AudioStream | None = None,
    ring_time: float | None = None,
) -> None:
    """Ring `party.number`; returns when a phone has answered and is the party's leg.

    `shown` is the caller that the phone shows; `like` is whose codecs are offered, those of the
    switch itself without it. Raises NotReached, and CallEnds when the call ends meanwhile.
    """
    bindings, own_time = phones_of(call.house, party.number)
    await open_port(call, party, flow_to(bindings[0]).remote[0])
    offer = party.audio.offer(like) if like is not None else party.audio.offer_own()
    seconds = ring_time or own_time or call.house.limits.ring_time
    with Forks(call, seconds) as forks:
        forks.dial(bindings, offer, caller=shown, callee=party)
        leg, answered = await _answer(call, forks)
        forks.win(leg)
    party.leg = leg
    leg.acknowledge()
    try:
        party.audio.answered(answered.sdp)
    except DescriptionError as error:
        party.leg = None
        leg.hangup()
        raise NotReached(broken("incompatible", answered=False, cause=88, status=488)) from error


async def _answer(call: Call, forks: Forks) -> tuple[Leg, Answered]:
    while True:
        leg, event = await call.next_event()
        if leg is not None and leg in forks:
            match event:
                case Ringing():
                    forks.rang = forks.rang or leg
                    if call.state is CallState.SETUP:
                        call.happen(Occurrence.RANG)
                case Answered():
                    return leg, event
                case Failed() if (ending := forks.refuse(leg, event)) is not None:
                    raise NotReached(ending)
        elif isinstance(event, RingTimeout):
            if event.phones is forks:
                raise NotReached(not_answered())
        else:
            take(call, leg, event)
