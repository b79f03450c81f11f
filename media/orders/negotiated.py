"""The result of offer and answer for a leg, as columns of the table (RFC 3264, RFC 4733)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from media.control.session import LegCodec
from media.legs import FREE, PAYLOAD_TYPES, Legs
from media.orders.request_table import Refusal
from media.rtp import relay
from media.rtp.timeline import set_clock

DIRECTIONS: dict[str, tuple[bool, bool]] = {
    "sendrecv": (True, True),
    "sendonly": (True, False),
    "recvonly": (False, True),
    "inactive": (False, False),
}
"Our side's direction (RFC 3264 section 5.1): whether we send, whether we hear."

PTIMES = range(10, 121)
"Milliseconds; what lies outside is taken for 20."


def check_direction(direction: str) -> None:
    """Raise `Refusal` when it is none of `DIRECTIONS`."""
    if direction not in DIRECTIONS:
        raise Refusal(f"direction cannot be {direction!r}")


def check_codecs(codecs: Sequence[LegCodec]) -> None:
    """Raise `Refusal` when a payload type or a clock is out of range."""
    for codec in codecs:
        types = (codec.receive_pt, codec.send_pt)
        if not all(0 <= payload_type < PAYLOAD_TYPES for payload_type in types):
            raise Refusal(f"payload types of {codec.name} must be 0 to 127, not {types}")
        if codec.clock <= 0:
            raise Refusal(f"the clock of {codec.name} cannot be {codec.clock}")


def as_sent(codecs: Sequence[LegCodec]) -> tuple[LegCodec, ...]:
    """Return formats with the payload types that may really arrive.

    Some phones send by the numbers of their own description in place of ours, against RFC 3264
    section 5.1. Those numbers are taken, too, where they stand for nothing else.
    """
    announced = {codec.receive_pt for codec in codecs}
    own = {codec.send_pt: codec for codec in reversed(codecs) if codec.send_pt not in announced}
    return (*codecs, *(replace(codec, receive_pt=number) for number, codec in own.items()))


def set_direction(legs: Legs, row: int, direction: str, *, reachable: bool) -> None:
    """Note whether a leg sends and receives; without an address it cannot be sent anything."""
    sends, legs.receives[row] = DIRECTIONS[direction]
    legs.sends[row] = sends and reachable


def set_ptime(legs: Legs, row: int, ptime: int) -> bool:
    """Note how many milliseconds a packet of ours is to hold; return whether that is a change."""
    ptime = ptime if ptime in PTIMES else 20
    changed = bool(legs.ptime[row] != ptime)
    legs.ptime[row] = ptime
    return changed


def set_formats(legs: Legs, row: int, codecs: Sequence[LegCodec]) -> None:
    """Note the clocks of sound and the payload types of keys."""
    audio = relay.preferred(codecs)
    if audio is not None:
        set_clock(legs, row, audio.clock)
    _set_sound(legs, row, codecs)
    _set_events(legs, row, codecs)


def _set_sound(legs: Legs, row: int, codecs: Sequence[LegCodec]) -> None:
    """Note by which clock each format of sound is measured."""
    sound = list(filter(relay.is_audio, codecs))
    legs.sound_clock[row] = 0
    for codec in sound:
        legs.sound_clock[row, codec.receive_pt] = codec.clock
    if sound and legs.heard_pt[row] == FREE:
        legs.heard_clock[row] = sound[0].clock


def _set_events(legs: Legs, row: int, codecs: Sequence[LegCodec]) -> None:
    """Note how keys come and go (RFC 4733); of several clocks that of the audio is sent."""
    events = list(filter(relay.is_event, codecs))
    legs.is_event[row] = False
    for codec in events:
        legs.is_event[row, codec.receive_pt] = True
        legs.heard_event_clock[row, codec.receive_pt] = codec.clock
    legs.event_pt[row] = FREE
    if events:
        fits = [codec for codec in events if codec.clock == legs.clock[row]]
        chosen = (fits or events)[0]
        legs.event_pt[row], legs.event_clock[row] = chosen.send_pt, chosen.clock
