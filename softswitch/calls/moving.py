"""A party's sound moves to another media worker, to be with a port or a room there.

The phone gets a re-INVITE with the new address (RFC 3264 section 8.3.1). Until it has answered, the
old port serves; a phone that refuses keeps it, and everything is as it was.
"""

from __future__ import annotations

import asyncio

from softswitch.calls.audio import AudioStream
from softswitch.calls.call import Call, Party
from softswitch.calls.leg import Leg, LegEnded, ReinviteRefused
from softswitch.calls.media_port import MediaPort, NoPortFree, OnWorker, WorkerGone
from softswitch.calls.setup import watch_port
from softswitch.sdp.description import DescriptionError

MOVE_SECONDS = 5.0
"How long a phone may take to answer, and other changes of media to end before."


async def bring(call: Call, party: Party, beside: OnWorker) -> None:
    """Let a party's sound run through the worker of `beside`; where it does so, nothing happens.

    It hears and is heard by nobody afterwards. Raises LookupError, with everything as it was.
    """
    audio, leg, old = party.audio, party.leg, party.audio.port
    assert leg is not None
    assert old is not None
    if old.worker is beside.worker:
        return
    try:
        new = await call.house.ports.open(beside, ipv6=":" in old.address)
    except (NoPortFree, WorkerGone) as error:
        raise LookupError(f"no media port on the other party's worker: {error}") from error
    try:
        async with asyncio.timeout(MOVE_SECONDS), call.changing:
            await _offer_from(new, audio, leg)
    except BaseException as error:
        new.close()
        if isinstance(error, (TimeoutError, ReinviteRefused, LegEnded, DescriptionError)):
            why = str(error) or "no answer"
            sentence = f"the phone of {party.number} does not take other media: {why}"
            raise LookupError(sentence) from error
        raise
    watch_port(call, party, new)
    old.close()
    audio.open(call.house.limits.media_timeout, call.house.limits.hold_timeout)


async def _offer_from(new: MediaPort, audio: AudioStream, leg: Leg) -> None:
    """Offer the new port; the old one stays when this raises."""
    audio.remember()
    audio.move_to(new)
    try:
        audio.answered(await leg.reinvite(audio.offer_again()))
    except BaseException:
        audio.undo()
        raise
