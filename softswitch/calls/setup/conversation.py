"""The answered call: what both phones may still do, until one of them hangs up.

Each event is handled at once but for a change of media, which needs the other phone's answer: it
runs in the one child task that a call may have (`call/hold.py`), so that a BYE never has to wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import change_media, redescribe, show_hold
from softswitch.calls.call.inbox_events import EndCall, Forward, Work
from softswitch.calls.call.party import MediaGone, Party
from softswitch.calls.endings.endings import (
    CallEnds,
    EndedBy,
    Ending,
    broken,
    by_command,
    cancelled,
    hung_up,
)
from softswitch.calls.endings.states import RINGS, CallState, Occurrence
from softswitch.calls.leg.header_passthrough import passed_reason
from softswitch.calls.leg.keys import info_of, key_of_info
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.sip.events import (
    Acknowledged,
    Ended,
    InfoReceived,
    Redescribed,
    Reoffered,
    RequestReceived,
)
from softswitch.sip.message.body import DTMF_RELAY, KEY_INFO, USUAL_KEY_INFO

LONGEST_INFO = 256
"Octets of a body with keys."

KEY_MS = 160
"The length of a key whose INFO does not tell it in the usual form."


Refer = Callable[[Call, Leg, RequestReceived], Awaitable[None]]
"Does what the REFER of a phone asks, in the call's own task; raises only what ends the call."


@dataclass(frozen=True, slots=True)
class Conversation:
    """The requests that commands and phones may make of a call in conversation."""

    refer: Refer

    async def converse(self, call: Call) -> None:
        """Let both sides talk; only ever ends by raising CallEnds."""
        while True:
            leg, event = await call.next_event()
            if isinstance(event, Ended) and await _replaced(call, leg):
                continue
            if not await self.did(call, leg, event):
                take(call, leg, event)

    async def did(self, call: Call, leg: Leg | None, event: object) -> bool:
        """Do what a command or a phone asks; False if none does. Raises only what ends the call."""
        if isinstance(event, Work):
            await call.work(event)
        elif isinstance(event, RequestReceived) and leg is not None:
            await self.refer(call, leg, event)
        else:
            return False
        return True


async def _replaced(call: Call, leg: Leg | None) -> bool:
    """Whether a third has taken the place of a party that has hung up."""
    if leg is None or call.take_place is None:
        return False
    return await call.take_place(leg)


def take(call: Call, leg: Leg | None, event: object) -> None:
    """See to one event of a call that a phone has answered; raises CallEnds when it ends the call.

    Raises Forwarded when somebody else is to be rung, while it rings.
    """
    ending = end_of(call, leg, event)
    if ending is not None:
        raise CallEnds(ending)
    if isinstance(event, Forward) and call.state in RINGS:
        raise Forwarded(event.number)
    party = call.party_of(leg)
    if party is None:
        return
    match event:
        case Acknowledged():
            acknowledged(call, party, event)
        case Reoffered():
            change_media(call, party, event.sdp)
        case Redescribed():
            redescribe(call, party, event.sdp)
        case InfoReceived():
            pass_keys(call, party, event)


def end_of(call: Call, leg: Leg | None, event: object) -> Ending | None:
    """The ending of the call, if this event ends it; at every stage of it."""
    answered = call.is_answered
    talked = answered and call.state is not CallState.ANSWERED
    match event:
        case Work():
            event.refuse(f"a call in {call.state.value} has other things to finish first")
        case RequestReceived() if leg is not None:
            leg.respond(event, 491)
        case EndCall(by, detail):
            return by_command(by, detail, answered=answered)
        case MediaGone(_, reason):
            return broken(reason, answered=talked, cause=41)
        case Ended() if (party := call.party_of(leg)) is not None:
            if not event.by_peer:
                return broken(event.reason, answered=talked, cause=102)
            given = passed_reason(event.headers.get("Reason") if event.headers else None)
            by = EndedBy(party.side.value)
            return hung_up(by, given) if answered else cancelled(given)
    return None


def acknowledged(call: Call, party: Party, event: Acknowledged) -> None:
    """Enter the conversation at the caller's first ACK; later ones end a change of media."""
    if call.state is CallState.ANSWERED and party is call.caller:
        call.happen(Occurrence.CONNECTED)
        show_hold(call)
    elif call.late_answer is not None and not call.late_answer.done():
        call.late_answer.set_result(event.sdp)


def pass_keys(call: Call, party: Party, event: InfoReceived) -> None:
    """Send the keys of one phone on to the other, and to those that listen for them.

    What few phones understand goes on in the form that most do.
    """
    kind = event.content_type
    if kind not in KEY_INFO or len(event.body) > LONGEST_INFO:
        return
    other, key = call.other(party).leg, key_of_info(kind, event.body)
    if party.key_mutes:
        other = None
    if other is not None and kind in USUAL_KEY_INFO:
        other.send_info(kind, event.body)
    elif other is not None and key is not None:
        other.send_info(DTMF_RELAY, info_of(key, KEY_MS))
    if party.keys is not None and key is not None:
        port = party.audio.port
        if port is not None:
            port.key_by_info(key)
