"""A phone takes a call that rings another: by a code, or by INVITE with Replaces (RFC 3891).

Its leg becomes that of the callee while the caller waits; the phones that ring are cancelled, and
told that the call was completed elsewhere. Who may is a matter of the pickup groups of both
extensions. What goes wrong with the phone that asks lets the others ring on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.inbox_events import CallGone, Work
from softswitch.calls.call.party import Party, Side
from softswitch.calls.call.port_opening import Ports, give_port
from softswitch.calls.endings.endings import CannotNow, NotReached, not_secure
from softswitch.calls.endings.states import RINGS
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.leg import Leg, LegEnded
from softswitch.calls.leg.media_terms import SrtpTerms
from softswitch.calls.numbers.directory import Directory
from softswitch.sdp.description import DescriptionError
from softswitch.sip.message.body import sdp_of

log = structlog.get_logger("softswitch.calls")


class PickedUp(Exception):
    """Another phone has taken the call that rang; it is the party's now."""


async def _rings_no_more() -> None:
    raise CannotNow("the call rings no more")


def _nothing() -> None:
    """Where nobody else has had the leg."""


@dataclass(frozen=True, slots=True, eq=False)
class PickUp:
    """The wish of a phone that has called the switch: the call that rings another."""

    leg: Leg
    extension: str
    name: str
    srtp: SrtpTerms
    given: Callable[[], None] = _nothing
    "Called when the leg belongs to the other call, which alone hears of it from then on."


@dataclass(frozen=True, slots=True, eq=False)
class PickUpAsked(Work):
    """A wish in the inbox of the call that rings; where it rings no more, that is what is said."""

    wish: PickUp


@dataclass(frozen=True, slots=True)
class Pickups:
    """Finds the calls that an extension may pick up."""

    calls: Calls
    directory: Directory

    def may(self, extension: str, rung: str) -> bool:
        """Whether an extension may pick up what rings another: a group of both allows it."""
        if extension == rung:
            return True
        found = [self.directory.find(number) for number in (extension, rung)]
        mine, theirs = (each.pickup_groups if each is not None else () for each in found)
        return not set(mine).isdisjoint(theirs)

    def find(self, extension: str, number: str = "") -> tuple[Call, str] | None:
        """The call that has rung the longest of those it may pick up, and whose phones ring.

        `number` is the extension that rings, or the number that was called; any without it.
        """
        for call in self.calls:
            if not call.rung or extension in {party.extension for party in call.parties}:
                continue
            called = {call.callee.number, call.dialled} if call.state in RINGS else set()
            for rung in call.rung.values():
                if number in {"", rung, *called} and self.may(extension, rung):
                    return call, rung
        return None

    def ringing_leg(self, call_id: str) -> tuple[Call, str] | None:
        """The call that rings a phone in this dialog, and the extension of the phone."""
        for call in self.calls:
            for leg, rung in call.rung.items():
                if leg.call_id == call_id:
                    return call, rung
        return None

    async def pick_up(self, call: Call, rung: str, wish: PickUp) -> None:
        """Let the call have the phone; returns when it talks, or is about to.

        Raises NotReached, CallGone, CannotNow and DescriptionError, with the call as it was. Not
        for the task of that call.
        """
        await call.ask_for(lambda done: PickUpAsked(_rings_no_more, done, wish))
        call.tell("picked up", by=wish.extension, number=rung)
        log.info("picked up", call=call.id, by=wish.extension, number=rung)


async def take_call(
    ports: Ports, call: Call, party: Party, shown: Party, asked: PickUpAsked
) -> bool:
    """Let the phone that asks be the party's; in the task of the call that rings.

    False when it cannot, with everything as it was; who has asked knows why.
    """
    if asked.done.done():
        return False
    wish = asked.wish
    try:
        audio = await _connected_sound(ports, call, shown, asked)
    except (NotReached, DescriptionError, CallGone) as error:
        if not asked.done.done():
            asked.done.set_exception(error)
        return False
    old = party.audio.port
    party.audio = audio
    assert audio.port is not None
    party.take_port(audio.port, call.trace.timeline, call.put)
    if old is not None:
        old.close()
    party.number = party.extension = wish.extension
    party.name, party.srtp, party.trunk = wish.name, wish.srtp, ""
    party.leg, wish.leg.deliver = wish.leg, call.put
    wish.leg.take("REFER")
    wish.given()
    if party in call.parties:
        call.recordings.follow(party, party)
    asked.done.set_result(None)
    return True


async def _connected_sound(
    ports: Ports, call: Call, shown: Party, asked: PickUpAsked
) -> AudioStream:
    """Answer the phone with a port beside that of `shown`; nothing of it is left when it raises."""
    leg = asked.wish.leg
    if call.is_sips and not leg.flow.is_secure:
        raise NotReached(not_secure())
    newcomer = Party(Side.CALLEE, asked.wish.extension, "", call.new_session_id())
    far_end = leg.flow.remote[0]
    await give_port(ports, call, newcomer, far_end, shown)
    audio, newcomer.audio = newcomer.audio, AudioStream("0")
    try:
        audio.far_end = far_end
        audio.terms = call.terms.srtp.of(asked.wish.srtp, leg.flow.transport)
        await _answer(audio, shown.audio, asked)
    except BaseException as error:
        assert audio.port is not None
        audio.port.close()
        if isinstance(error, LegEnded):
            raise CallGone from error
        raise
    return audio


async def _answer(audio: AudioStream, other: AudioStream, asked: PickUpAsked) -> None:
    """Agree on the sound with the phone, in the codecs of the other side as far as possible."""
    leg = asked.wish.leg
    offer = sdp_of(leg.request)
    if offer is None and leg.request.body:
        raise DescriptionError("there is no description", 488)
    is_known = other.heard is not None
    if offer is not None:
        audio.offered(offer)
        answer = audio.answer(other) if is_known else audio.answer_own()
        if leg.ended.done() or asked.done.done():
            raise CallGone
        leg.accept(answer)
        return
    try:
        audio.answered(await leg.answer(audio.offer(other) if is_known else audio.offer_own()))
        if leg.ended.done() or asked.done.done():
            raise CallGone
    except BaseException:
        leg.hangup()
        raise
