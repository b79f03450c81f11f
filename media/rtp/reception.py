"""The reception of each source: validity, loss and jitter (RFC 3550 appendices A.1, A.3, A.8).

The usual packet, the next of a known source, is followed by expressions over the whole batch; any
other packet (the first, of a new source, after a jump, late) is looked at by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.legs import NO_SSRC, Bad, Legs
from media.rtp.rtp import HEADER, Packets

MAX_DROPOUT = 3000
"A sequence number that is ahead by this much is no loss but another place."
MAX_MISORDER = 100
"One that is behind by no more than this is late."
HALF = 1 << 31
WHOLE = (1 << 32) - 1

Flags = npt.NDArray[np.bool_]


def follow(legs: Legs, packets: Packets, now: float) -> Packets:
    """Count packets of different legs; return those that are valid, marked newest or not.

    A packet that is not valid (of a source or a place that has not proved itself) is counted as
    bad; a valid one that is not newest came late or twice.
    """
    rows, sequence = packets.rows, packets.sequence
    # counted from the packet after the highest, so that a repetition is far off
    beyond = (sequence - legs.highest[rows] - 1) & 0xFFFF
    usual = (beyond < MAX_DROPOUT - 1) & (packets.ssrc == legs.ssrc_in[rows])
    packets.newest = usual
    if np.count_nonzero(usual) != len(rows):
        packets = _look_closer(legs, packets, usual)
        rows = packets.rows
        beyond = (packets.sequence - legs.highest[rows] - 1) & 0xFFFF
        beyond[~packets.newest] = -1
    legs.highest[rows] += beyond + 1
    legs.received[rows] += 1
    legs.packets_in[rows] += 1
    legs.octets_in[rows] += packets.lengths - HEADER
    legs.heard_at[rows] = now
    _measure_jitter(legs, packets, now)
    return packets


def _look_closer(legs: Legs, packets: Packets, usual: Flags) -> Packets:
    """Judge one by one the packets that are not usual; return the valid ones."""
    valid, newest = usual.copy(), usual.copy()
    for index in np.flatnonzero(~usual).tolist():
        row = int(packets.rows[index])
        valid[index], newest[index] = _unusual(
            legs, row, int(packets.ssrc[index]), int(packets.sequence[index])
        )
        if not valid[index]:
            legs.bad[row, Bad.SOURCE] += 1
    packets.newest = newest
    return packets if valid.all() else packets.select(np.flatnonzero(valid))


def goes_on(legs: Legs, row: int, ssrc: int, sequence: int) -> bool:
    """Whether a packet goes on with the row's present stream, with a gap at most."""
    ahead = (sequence - int(legs.highest[row])) & 0xFFFF
    return bool(legs.ssrc_in[row] == ssrc) and 0 < ahead < MAX_DROPOUT


def _measure_jitter(legs: Legs, packets: Packets, now: float) -> None:
    """Let the jitter of sound follow (A.8); of packets with one timestamp only the first counts."""
    other = packets.payload_type != legs.heard_pt[packets.rows]
    if np.count_nonzero(other):
        packets = _hear_formats(legs, packets, other)
    rows, timestamp = packets.rows, packets.timestamp
    transit = np.rint(now * legs.heard_clock[rows]).astype(np.int64) - timestamp
    before, last = legs.transit[rows], legs.last_timestamp[rows]
    repeated = timestamp == last
    if np.count_nonzero(repeated):
        transit[repeated] = before[repeated]
    change = np.abs((transit - before + HALF & WHOLE) - HALF)
    change[repeated | (last < 0)] = 0
    jitter = legs.jitter[rows]
    legs.jitter[rows] = jitter + (change - jitter) * 0.0625
    legs.transit[rows] = transit
    legs.last_timestamp[rows] = timestamp


def _hear_formats(legs: Legs, packets: Packets, other: Flags) -> Packets:
    """Note one by one which rows speak another format than before; return the packets of sound.

    Keys have the timestamp of their beginning, which tells nothing of their transit time.
    """
    sound = np.ones(len(packets.rows), np.bool_)
    for index in np.flatnonzero(other).tolist():
        row, payload_type = int(packets.rows[index]), int(packets.payload_type[index])
        clock = int(legs.sound_clock[row, payload_type])
        sound[index] = clock > 0
        if clock:
            legs.heard_pt[row] = payload_type
            _set_heard_clock(legs, row, clock)
    return packets if sound.all() else packets.select(np.flatnonzero(sound))


def _set_heard_clock(legs: Legs, row: int, clock: int) -> None:
    """Go on measuring with another clock (RFC 7160); what is sent on continues with it, too."""
    before = int(legs.heard_clock[row])
    if clock == before:
        return
    legs.heard_clock[row] = clock
    legs.jitter[row] *= clock / before
    # The first difference of transit times would be between two clocks.
    legs.last_timestamp[row] = -1
    legs.splice[row] = True


def _unusual(legs: Legs, row: int, ssrc: int, sequence: int) -> tuple[bool, bool]:
    """Judge a packet that does not simply follow (A.1, `update_seq`): valid, newest."""
    if legs.ssrc_in[row] == NO_SSRC:
        _begin(legs, row, ssrc, sequence)
        return True, True
    if legs.ssrc_in[row] == ssrc:
        ahead = (sequence - int(legs.highest[row])) & 0xFFFF
        if ahead == 0 or ahead > 0x10000 - MAX_MISORDER:
            return True, False
    if legs.candidate_ssrc[row] == ssrc and legs.candidate_sequence[row] == sequence:
        legs.lost_before[row] += lost_of_source(legs, row)
        _begin(legs, row, ssrc, sequence)
        return True, True
    legs.candidate_ssrc[row] = ssrc
    legs.candidate_sequence[row] = (sequence + 1) & 0xFFFF
    return False, False


def _begin(legs: Legs, row: int, ssrc: int, sequence: int) -> None:
    """Start to count a source, or the same one at its new place."""
    legs.ssrc_in[row] = ssrc
    # One round ahead of zero, so that late packets from before the first do not go below it, and
    # one packet back, so that counting this one brings it to where it belongs.
    legs.base[row] = 0x10000 + sequence
    legs.highest[row] = 0x10000 + sequence - 1
    legs.candidate_ssrc[row] = NO_SSRC
    legs.received[row] = legs.received_prior[row] = legs.expected_prior[row] = 0
    # The first difference of transit times would be between two time bases.
    legs.last_timestamp[row] = -1
    legs.splice[row] = True


def lost_of_source(legs: Legs, row: int) -> int:
    """Expected minus received of the present source (A.3); negative with duplicates."""
    if legs.ssrc_in[row] == NO_SSRC:
        return 0
    return int(legs.highest[row] - legs.base[row] + 1 - legs.received[row])


def lost(legs: Legs, row: int) -> int:
    """All that a leg's sources ever lost."""
    return int(legs.lost_before[row]) + lost_of_source(legs, row)
