"""How good a leg sounds and what is wrong with it, from its figures (`emodel`, `diagnosis`)."""

from __future__ import annotations

import msgspec

from media import emodel
from media.control import Statistics
from media.diagnosis import LegQuality, diagnose
from media.legs import Legs
from media.relay import is_audio
from media.tick import Played
from media.wires import Wire

PACKET_MS = 20.0
"What collecting a packet adds to the delay."

LEAST_BUFFER_MS = 20.0
"The jitter buffer of a far end, whose delay nobody tells us, at its shortest."


def judged(counted: Statistics, legs: Legs, wire: Wire, played: Played, now: float) -> Statistics:
    """Return the figures of a leg with its scores and its diagnosis.

    The one-way delay is half the round trip, the packet, and the jitter buffer; where that is the
    far end's, it is taken as twice the jitter.
    """
    codec = next((codec.name for codec in wire.codecs if is_audio(codec)), "PCMA")
    network = PACKET_MS + (counted.round_trip_ms or 0.0) / 2
    lost = percent(counted.lost, counted.packets_in + counted.lost)
    late = percent(played.late, counted.packets_in)
    missed = percent(counted.remote_lost, counted.packets_out)
    score = remote = None
    if counted.packets_in:
        buffered = played.delay_ms or max(LEAST_BUFFER_MS, 2 * counted.jitter_ms)
        score = round(emodel.mos(codec, network + buffered, lost + late), 2)
    if counted.round_trip_ms is not None:
        buffered = max(LEAST_BUFFER_MS, 2 * counted.remote_jitter_ms)
        remote = round(emodel.mos(codec, network + buffered, missed), 2)
    row = wire.row
    target = wire.latch.target
    sends, hears = bool(legs.sends[row]), bool(legs.hears[row])
    diagnosis = None
    if legs.settled_at[row] and target is not None:
        diagnosis = diagnose(
            LegQuality(
                seconds=now - float(legs.settled_at[row]),
                expected_address=target[0],
                direction=_direction(sends, hears),
                packets_in=counted.packets_in,
                packets_out=counted.packets_out,
                stranger=wire.stranger,
                wrong_payload_types=counted.bad.get("payload_type", 0),
                lost_percent=lost,
                discarded_percent=late,
                jitter_ms=counted.jitter_ms,
                round_trip_ms=counted.round_trip_ms,
                remote_lost_percent=missed,
            )
        )
    return msgspec.structs.replace(
        counted, late=played.late, mos=score, remote_mos=remote, diagnosis=diagnosis
    )


def percent(part: int, whole: int) -> float:
    """Return a share, 0 to 100; duplicates may make the part negative."""
    return min(100.0, max(0.0, 100.0 * part / whole)) if whole > 0 else 0.0


def _direction(sends: bool, hears: bool) -> str:
    if sends:
        return "sendrecv" if hears else "sendonly"
    return "recvonly" if hears else "inactive"
