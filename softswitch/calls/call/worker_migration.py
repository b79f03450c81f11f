"""A party's sound moves to another media worker, to be with a port or a room there.

The phone gets a re-INVITE with the new address (RFC 3264 section 8.3.1). Until it has answered, the
old port serves; a phone that refuses keeps it, and everything is as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.call.port_opening import Ports
from softswitch.calls.endings.endings import CannotNow
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.leg import Leg, LegEnded, LegEvent, ReinviteRefused
from softswitch.calls.ports.media_port import (
    MEDIA_INSECURE,
    MediaPort,
    NoPortFree,
    OnWorker,
    WorkerGone,
)
from softswitch.sdp.description import DescriptionError
from softswitch.sdp.keying import InsecureAnswer
from softswitch.sip.events import Reoffered

MOVE_SECONDS = 5.0
"How long a phone may take to answer, and other changes of media to end before."


async def bring(ports: Ports, call: Call, party: Party, beside: OnWorker) -> None:
    """Let a party's sound run through the worker of `beside`; where it does so, nothing happens.

    It hears and is heard by nobody afterwards. Raises CannotNow, with everything as it was.
    """
    audio, leg, old = party.audio, party.leg, party.audio.port
    assert leg is not None
    assert old is not None
    if old.worker is beside.worker:
        return
    try:
        new = await ports.open(beside, ipv6=":" in old.address, is_urgent=call.is_urgent)
    except (NoPortFree, WorkerGone) as error:
        raise CannotNow(f"no media port on the other party's worker: {error}") from error
    try:
        async with asyncio.timeout(MOVE_SECONDS), call.changing:
            with _refusing_offers(leg):
                await _offer_from(new, audio, leg)
    except BaseException as error:
        new.close()
        if isinstance(error, InsecureAnswer):
            old.fail(f"{MEDIA_INSECURE}: {error}")
        if isinstance(error, (TimeoutError, ReinviteRefused, LegEnded, DescriptionError)):
            why = str(error) or "no answer"
            sentence = f"the phone of {party.number} does not take other media: {why}"
            raise CannotNow(sentence) from error
        raise
    party.take_port(new, call.trace.timeline, call.put)
    new.country = call.terms.country_of(party.extension, party.trunk)
    old.close()
    audio.open(call.terms.media_timeout, call.terms.hold_timeout)


@contextmanager
def _refusing_offers(leg: Leg) -> Iterator[None]:
    """Let the phone try its own changes later: the call's task, which waits for ours, reads none.

    Else each side would wait for the other (RFC 3261 section 14.2).
    """
    loop, deliver = asyncio.get_running_loop(), leg.deliver

    def refuse(leg: Leg, event: LegEvent) -> None:
        if isinstance(event, Reoffered):
            loop.call_soon(leg.refuse_reoffer, 491)
        elif deliver is not None:
            deliver(leg, event)

    leg.refuse_reoffer(491)
    leg.deliver = refuse
    try:
        yield
    finally:
        if leg.deliver is refuse:
            leg.deliver = deliver


async def quiet(call: Call, leg: Leg) -> None:
    """Wait until no media of a call changes, so that a leg can leave it. Raises CannotNow."""
    try:
        async with asyncio.timeout(MOVE_SECONDS), call.changing:
            leg.refuse_reoffer(491)  # whatever waits in the inbox of this call
    except TimeoutError:
        raise CannotNow("the media of the other call are being changed") from None


async def _offer_from(new: MediaPort, audio: AudioStream, leg: Leg) -> None:
    """Offer the new port; the old one stays when this raises."""
    audio.remember()
    audio.move_to(new)
    try:
        audio.answered(await leg.reinvite(audio.offer_again()))
    except BaseException:
        audio.undo()
        raise
