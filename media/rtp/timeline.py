"""The sequence numbers and timestamps of what we send: one stream a leg, whatever it is made of.

A receiver hears one source (RFC 3550 section 5.1): sequence numbers go on by one, and timestamps
run with the clock even where one source of packets ends and another begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.legs import Legs, Rows

Integers = npt.NDArray[np.int64]
HALF = 1 << 31
WHOLE = (1 << 32) - 1


def set_clock(legs: Legs, row: int, clock: int) -> None:
    """Let a row's timestamps run with a clock, in Hz, from its last packet on (RFC 7160)."""
    if clock == legs.clock[row]:
        return
    if legs.packets_out[row]:
        legs.line_timestamp[row] = legs.last_timestamp_out[row]
        legs.line_at[row] = legs.sent_at[row]
    legs.clock[row] = clock


def continuation(legs: Legs, rows: Rows, step: Integers, now: float) -> tuple[Integers, Integers]:
    """Return sequence number and timestamp that follow the last packet sent on each row.

    The timestamp has run on with real time since the line of the row began, and goes at least one
    `step` (units of the row's clock) beyond the last.
    """
    elapsed = np.rint((now - legs.line_at[rows]) * legs.clock[rows]).astype(np.int64)
    least = legs.last_timestamp_out[rows] + step
    due = legs.line_timestamp[rows] + elapsed
    ahead = (due - least + HALF & WHOLE) - HALF
    begun = legs.packets_out[rows] > 0
    timestamp = np.where(begun & (ahead < 0), least, due) & WHOLE
    return legs.last_sequence_out[rows] + 1 & 0xFFFF, timestamp


def next_packets(
    legs: Legs, rows: Rows, step: Integers, begins: npt.NDArray[np.bool_], now: float
) -> tuple[Integers, Integers]:
    """Return sequence number and timestamp of one packet a row, and note them as sent.

    Rows that `begins` marks continue a stream of another origin; the others go on by `step`.
    """
    sequence, timestamp = continuation(legs, rows, step, now)
    timestamp = np.where(begins, timestamp, legs.last_timestamp_out[rows] + step & WHOLE)
    legs.line_timestamp[rows[begins]] = timestamp[begins]
    legs.line_at[rows[begins]] = now
    legs.last_sequence_out[rows] = sequence
    legs.last_timestamp_out[rows] = timestamp
    legs.sent_at[rows] = now
    return sequence, timestamp
