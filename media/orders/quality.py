"""The score and the diagnosis of a leg, from its counters (`emodel`, `diagnosis`)."""

from __future__ import annotations

import msgspec

from media.control.session import LegCodec, Statistics, percent
from media.legs import FREE, PAYLOAD_TYPES, Legs
from media.orders import emodel
from media.orders.diagnosis import Diagnosis, LegQuality, diagnose
from media.rtp.leg_sockets import LegSockets
from media.rtp.relay import preferred
from media.tick.decoding import Tally
from media.tick.tick import RowHeard

PACKET_MS = 20.0
"What collecting a packet adds to the delay."

LEAST_BUFFER_MS = 20.0
"The delay of a far end's jitter buffer at its shortest; its real delay is unknown."

SILENT_PACKETS = 1000
"""So many packets without any sound, 20 s as a rule, call a leg silent. A caller on hold, in a menu
or with a muted phone is silent for less."""

LOOKED_AT = 0.8
"Part of a leg's packets that must have been heard here before the leg is called silent."

SOUNDING_FRAMES = 250
"Frames of sound, 5 s of it, before a leg is called too loud."


def judged(
    counted: Statistics, legs: Legs, leg_sockets: LegSockets, played: RowHeard, now: float
) -> Statistics:
    """Return the statistics of a leg with its scores and its diagnosis.

    The one-way delay is half the round trip, the packet, and the jitter buffer; where that is the
    far end's, it is taken as twice the jitter.
    """
    heard, spoken = _heard(legs, leg_sockets), _spoken(legs, leg_sockets)
    network = PACKET_MS + (counted.round_trip_ms or 0.0) / 2
    late = percent(played.tally.late, counted.packets_in)
    score = remote = None
    if counted.packets_in:
        buffered = played.delay_ms or max(LEAST_BUFFER_MS, 2 * counted.jitter_ms)
        score = round(emodel.mos(heard, network + buffered, counted.lost_percent + late), 2)
    if counted.round_trip_ms is not None:
        buffered = max(LEAST_BUFFER_MS, 2 * counted.remote_jitter_ms)
        missed = percent(counted.remote_lost, counted.packets_out)
        remote = round(emodel.mos(spoken, network + buffered, missed), 2)
    diagnosis = _diagnosed(counted, legs, leg_sockets, played.tally, now)
    return msgspec.structs.replace(
        counted,
        codec=heard,
        codec_out=spoken,
        late=played.tally.late,
        mos=score,
        remote_mos=remote,
        cause=diagnosis and diagnosis.cause,
        diagnosis=diagnosis and diagnosis.sentence,
    )


def _diagnosed(
    counted: Statistics, legs: Legs, leg_sockets: LegSockets, tally: Tally, now: float
) -> Diagnosis | None:
    """Return what is wrong with a leg whose far end is known."""
    row = leg_sockets.row
    target = leg_sockets.latch.target
    if not legs.settled_at[row] or target is None:
        return None
    return diagnose(
        LegQuality(
            seconds=now - float(legs.settled_at[row]),
            expected_address=target[0],
            direction=_direction(bool(legs.sends[row]), bool(legs.receives[row])),
            packets_in=counted.packets_in,
            packets_out=counted.packets_out,
            unknown_source=leg_sockets.unknown_source,
            wrong_payload_types=counted.bad.get("payload_type", 0),
            undecryptable=counted.bad.get("srtp_auth", 0),
            lost_percent=counted.lost_percent,
            discarded_percent=percent(tally.late, counted.packets_in),
            jitter_ms=counted.jitter_ms,
            round_trip_ms=counted.round_trip_ms,
            remote_lost_percent=percent(counted.remote_lost, counted.packets_out),
            silent=_is_silent(tally, counted.packets_in),
            clipped_percent=_clipped_percent(tally),
        )
    )


def _is_silent(tally: Tally, packets_in: int) -> bool:
    """Whether there was only silence for long, and not on purpose (comfort noise).

    What was relayed unheard may have been anything, so nearly all must have been looked at.
    """
    long_enough = tally.packets >= max(SILENT_PACKETS, LOOKED_AT * packets_in)
    return long_enough and not tally.sounding and not tally.comfort


def _clipped_percent(tally: Tally) -> float:
    return percent(tally.clipped, tally.sounding) if tally.sounding >= SOUNDING_FRAMES else 0.0


def _heard(legs: Legs, leg_sockets: LegSockets) -> str:
    """Return the name of the codec that the far end spoke last, or is expected to speak."""
    heard = legs.heard_pt[leg_sockets.row]
    codec = next((each for each in leg_sockets.codecs if each.receive_pt == heard), None)
    return _name(codec, leg_sockets)


def _spoken(legs: Legs, leg_sockets: LegSockets) -> str:
    """Return the name of the codec that the far end is sent, by the tick or by the relay."""
    row, other = leg_sockets.row, int(legs.heard_by[leg_sockets.row])
    spoken = FREE
    if legs.sampled[row]:
        spoken = int(legs.send_pt[row])
    elif other != FREE and legs.heard_pt[other] != FREE:
        route = int(legs.route[other, legs.heard_pt[other]])
        spoken = FREE if route < 0 else route & PAYLOAD_TYPES - 1
    codec = next((each for each in leg_sockets.codecs if each.send_pt == spoken), None)
    return _name(codec, leg_sockets)


def _name(codec: LegCodec | None, leg_sockets: LegSockets) -> str:
    """Return the name of a codec, or of the one that was agreed first."""
    codec = codec or preferred(leg_sockets.codecs)
    return codec.name if codec is not None else ""


def _direction(sends: bool, hears: bool) -> str:
    if sends:
        return "sendrecv" if hears else "sendonly"
    return "recvonly" if hears else "inactive"
