"""The diagnosis of a leg: one plain sentence on its audio for those who look after the phones.

The causes are asked for from the worst to the mildest; the first that applies is named, because it
usually explains the others. Thresholds: ITU-T G.114 for delay, common practice for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

SHORTEST_JUDGED_S = 2.0
"A leg younger than this is not judged: its packets may still be on their way."

CLIPPED_PERCENT = 20.0
"""Frames at full scale that are too many. In speech that is 6 dB too loud, 24 % of the frames and
1 % of the samples are; in speech whose peaks just reach full scale, 0.3 % of the frames."""


@dataclass(frozen=True, slots=True)
class LegQuality:
    """What is known about the audio of one leg."""

    seconds: float
    "Since its audio was settled."
    expected_address: str
    "Where the far end's SDP said its audio comes from."
    direction: str = "sendrecv"
    "Our side's direction: `recvonly` sends nothing, `sendonly` and `inactive` expect nothing."
    packets_in: int = 0
    packets_out: int = 0
    unknown_source: str | None = None
    "Address of packets that were dropped because they came from elsewhere."
    wrong_payload_types: int = 0
    "Packets with a payload type that was never agreed."
    undecryptable: int = 0
    "Packets that failed SRTP authentication."
    lost_percent: float = 0.0
    discarded_percent: float = 0.0
    "Packets that came too late for the jitter buffer."
    jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    remote_lost_percent: float = 0.0
    "What the far end misses of ours, from its RTCP reports."
    silent: bool = False
    "Nothing but silence came, in packets that were nearly all looked at."
    clipped_percent: float = 0.0
    "Frames of 20 ms that reach full scale, of those that hold sound."


def _nothing_came(leg: LegQuality) -> str | None:
    if leg.packets_in or leg.direction in ("sendonly", "inactive"):
        return None
    sentence = f"no packet came from {leg.expected_address}"
    if leg.undecryptable:
        return f"one-way audio: {leg.undecryptable} packets came, but none could be decrypted"
    if leg.unknown_source:
        return f"one-way audio: {sentence}; the phone sends from {leg.unknown_source}"
    if leg.wrong_payload_types:
        return (
            f"one-way audio: {leg.wrong_payload_types} packets came with a payload type "
            "that was not agreed"
        )
    if leg.packets_out == 0 and leg.direction == "sendrecv":
        return f"no audio: {sentence}, and nothing was sent"
    return f"one-way audio: {sentence}"


def _nothing_sent(leg: LegQuality) -> str | None:
    if leg.packets_out or leg.direction in ("recvonly", "inactive"):
        return None
    return f"one-way audio: nothing was sent to {leg.expected_address}"


def _silent(leg: LegQuality) -> str | None:
    if not leg.silent:
        return None
    return f"{leg.packets_in} packets came from {leg.expected_address}, but they hold only silence"


def _lost(leg: LegQuality) -> str | None:
    if leg.lost_percent < 2.0:
        return None
    return f"{leg.lost_percent:.1f} % of the packets from {leg.expected_address} were lost"


def _lost_there(leg: LegQuality) -> str | None:
    if leg.remote_lost_percent < 2.0:
        return None
    return f"{leg.expected_address} misses {leg.remote_lost_percent:.1f} % of our packets"


def _late(leg: LegQuality) -> str | None:
    if leg.discarded_percent < 2.0:
        return None
    return (
        f"{leg.discarded_percent:.1f} % of the packets from {leg.expected_address} came too late "
        f"to be played (jitter {leg.jitter_ms:.0f} ms)"
    )


def _delayed(leg: LegQuality) -> str | None:
    if leg.round_trip_ms is None or leg.round_trip_ms < 400.0:
        return None
    return f"packets to {leg.expected_address} and back take {leg.round_trip_ms:.0f} ms"


def _clipped(leg: LegQuality) -> str | None:
    if leg.clipped_percent < CLIPPED_PERCENT:
        return None
    return f"the audio from {leg.expected_address} is too loud: it is clipped"


CAUSES: dict[str, Callable[[LegQuality], str | None]] = {
    "nothing came": _nothing_came,
    "nothing sent": _nothing_sent,
    "silence": _silent,
    "loss": _lost,
    "loss at the far end": _lost_there,
    "late": _late,
    "delay": _delayed,
    "clipping": _clipped,
}
"By name, from the worst to the mildest."


class Diagnosis(NamedTuple):
    """What is wrong with a leg."""

    cause: str
    "A name in `CAUSES`."
    sentence: str


def diagnose(leg: LegQuality) -> Diagnosis | None:
    """Return what is wrong with the leg, or None when nothing is."""
    if leg.seconds < SHORTEST_JUDGED_S:
        return None
    for cause, find in CAUSES.items():
        if sentence := find(leg):
            return Diagnosis(cause, sentence)
    return None
