"""Relay on arrival: what another leg hears unchanged goes out in the drain that brought it.

Payload types are mapped per leg, µ-law becomes A-law and back by table, and SSRC, sequence numbers
and timestamps are shifted so that each receiver sees one continuous stream even when the source
behind it changes (RFC 3550 section 7.1). Packets of one telephone event keep their one timestamp.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from media.codecs.codec import find
from media.codecs.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW
from media.control.session import LegCodec
from media.legs import CONVERSION_SHIFT, PAYLOAD_TYPES, Legs, NoRelay, Rows
from media.rtp.rtp import HEADER, MARKER, DatagramBatch, Packets
from media.rtp.timeline import continuation, set_clock

Octets = npt.NDArray[np.uint8]

CONVERSIONS: dict[tuple[str, str], int] = {("PCMU", "PCMA"): 1, ("PCMA", "PCMU"): 2}
"The pairs of formats that a table of 256 octets joins, and the number of the conversion."

TABLES: tuple[Octets, ...] = (np.arange(256, dtype=np.uint8), ULAW_TO_ALAW, ALAW_TO_ULAW)

NOT_AUDIO = frozenset({"TELEPHONE-EVENT", "CN"})
"Formats that accompany the audio."


def is_audio(codec: LegCodec) -> bool:
    """Whether the format carries the sound itself."""
    return codec.name.upper() not in NOT_AUDIO


def is_event(codec: LegCodec) -> bool:
    """Whether the format carries keys (RFC 4733)."""
    return codec.name.upper() == "TELEPHONE-EVENT"


def preferred(codecs: Sequence[LegCodec]) -> LegCodec | None:
    """Return the format of sound that stands first, which a leg is expected to speak."""
    return next(filter(is_audio, codecs), None)


def _format(codec: LegCodec) -> tuple[str, int, int]:
    return codec.name.upper(), codec.clock, codec.channels


def routes(heard: Sequence[LegCodec], spoken: Sequence[LegCodec]) -> npt.NDArray[np.int16]:
    """Return a row of `Legs.route` from a leg that speaks `heard` to one that takes `spoken`.

    The same format is passed on whatever it is; µ-law and A-law are converted when the other
    leg does not take what is spoken.
    """
    takes = {_format(codec): codec.send_pt for codec in reversed(spoken)}
    row = np.full(PAYLOAD_TYPES, NoRelay.UNKNOWN, np.int16)
    for codec in heard:
        name, clock, channels = _format(codec)
        row[codec.receive_pt] = NoRelay.NO_FORMAT
        if (name, clock, channels) in takes:
            row[codec.receive_pt] = takes[name, clock, channels]
            continue
        for (source, target), number in CONVERSIONS.items():
            if source == name and (target, clock, channels) in takes:
                payload_type = takes[target, clock, channels]
                row[codec.receive_pt] = number << CONVERSION_SHIFT | payload_type
    return row


def fits(heard: Sequence[LegCodec], spoken: Sequence[LegCodec]) -> bool:
    """Whether a leg that speaks `heard` can be relayed to one that takes `spoken`.

    It is judged by the first format of sound, which is usually the one that is spoken, and by the
    keys at its clock: the tick makes them anew for a leg that takes other events, or none. A
    format that cannot be decoded here fits: the tick would be no help.
    """
    first = preferred(heard)
    if first is None or find(first.name, first.clock) is None:
        return True
    expected = [first.receive_pt]
    events = [codec for codec in heard if is_event(codec)]
    if events:
        at_clock = (codec for codec in events if codec.clock == first.clock)
        expected.append(next(at_clock, events[0]).receive_pt)
    return bool(np.all(routes(heard, spoken)[expected] != NoRelay.NO_FORMAT))


def dead_end(heard: Sequence[LegCodec], reason: NoRelay) -> npt.NDArray[np.int16]:
    """Return a row of `Legs.route` that sends nothing on, but knows what was announced."""
    row = np.full(PAYLOAD_TYPES, NoRelay.UNKNOWN, np.int16)
    row[[codec.receive_pt for codec in heard]] = reason
    return row


def rewrite(
    legs: Legs, batch: DatagramBatch, packets: Packets, route: npt.NDArray[np.int16], now: float
) -> Rows:
    """Turn the packets in place into what is sent; return the rows that they are sent to."""
    to = legs.heard_by[packets.rows]
    spliced = legs.splice[packets.rows]
    if np.count_nonzero(spliced):
        for index in np.flatnonzero(spliced).tolist():
            _splice(legs, packets, index, now)
    sequence = (packets.sequence + legs.sequence_shift[to]) & 0xFFFF
    timestamp = (packets.timestamp + legs.timestamp_shift[to]) & 0xFFFFFFFF
    conversion = route >> CONVERSION_SHIFT
    if np.count_nonzero(conversion):
        _convert(batch.matrix, packets, conversion)
    payload_type = (route & 0x7F).astype(np.int64) << 16
    batch.write_headers(
        packets.places, packets.marker | payload_type | sequence, timestamp, legs.ssrc_out[to]
    )
    newest = packets.newest
    if np.count_nonzero(newest) == len(newest):
        legs.last_sequence_out[to] = sequence
        legs.last_timestamp_out[to] = timestamp
    else:
        legs.last_sequence_out[to[newest]] = sequence[newest]
        legs.last_timestamp_out[to[newest]] = timestamp[newest]
    legs.sent_at[to] = now
    legs.packets_out[to] += 1
    legs.octets_out[to] += packets.lengths - HEADER
    return to


def _splice(legs: Legs, packets: Packets, index: int, now: float) -> None:
    """Set the shifts so that this packet follows what the other leg got last."""
    row = packets.rows[index]
    to = legs.heard_by[row]
    set_clock(legs, int(to), int(legs.heard_clock[row]))
    rows = np.array([to])
    step = legs.clock[rows] * legs.ptime[rows] // 1000
    sequence, timestamp = continuation(legs, rows, step, now)
    legs.line_timestamp[to], legs.line_at[to] = timestamp[0], now
    legs.sequence_shift[to] = sequence[0] - packets.sequence[index]
    legs.timestamp_shift[to] = timestamp[0] - packets.timestamp[index]
    packets.marker[index] = MARKER
    legs.splice[row] = False


def _convert(matrix: Octets, packets: Packets, conversion: npt.NDArray[np.int16]) -> None:
    """Turn the payloads of some packets from one law into the other, in place."""
    for number in CONVERSIONS.values():
        chosen = np.flatnonzero(conversion == number)
        if len(chosen):
            end = int(packets.lengths[chosen].max())
            places = packets.places[chosen]
            matrix[places, HEADER:end] = TABLES[number].take(matrix[places, HEADER:end])
