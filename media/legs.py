"""The table of legs: one row a leg, one numpy array a column.

Every stage of the drain and of the tick reads and writes whole columns through an array of rows.
The capacity is fixed when the worker starts, so a stage may keep a reference to a column. A row
that is free has `leg == FREE`, sends nothing and routes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
"An array of row numbers, each at most once."

FREE = -1
"The leg number of a free row, and the row number that stands for no row."

NO_SSRC = -1
"The source of a leg that has not been heard yet."

PAYLOAD_TYPES = 128


class Bad(IntEnum):
    """What was wrong with a packet that was dropped; the columns of `Legs.bad`."""

    TOO_SHORT = 0
    "Fewer octets than the header and what it announces (CSRC list, extension, padding)."
    TOO_LONG = 1
    "More octets than a row of the receiving matrix."
    VERSION = 2
    "Not RTP version 2: STUN, DTLS, noise (RFC 7983)."
    PAYLOAD_TYPE = 3
    "A payload type that this leg did not announce."
    SOURCE = 4
    "A new SSRC, or a sequence number far off, that has not proved itself (RFC 3550 A.1)."
    UNKNOWN_SOURCE = 5
    "From an unknown source: an address that the leg does not believe."
    RTCP = 6
    "An RTCP packet that is malformed."
    DIRECTION = 7
    "Audio in a direction that was negotiated away."
    NO_ROUTE = 8
    "A format that the other leg of the room does not take."
    SRTP_AUTH = 9
    "A packet of a protected leg whose tag is wrong, or that came in the clear, or before its keys."
    SRTP_REPLAY = 10
    "A protected packet that was there before, or is too old to tell (RFC 3711 section 3.3.2)."
    CHECK = 11
    "STUN that is no check of ICE, or proves nothing."
    HANDSHAKE = 12
    "DTLS that came faster than it could be looked at."


class NoRelay(IntEnum):
    """Values of `Legs.route` below zero: why a packet is not relayed."""

    UNKNOWN = -1
    "The payload type was not announced."
    NOWHERE = -2
    "Nobody hears this leg: the packet is counted and dropped."
    DEAF = -3
    "The negotiated direction excludes audio from this leg."
    NO_FORMAT = -4
    "The leg that hears this one does not take the format."
    SAMPLES = -5
    "Somebody needs the samples: the packet goes to the jitter buffer."


# Values of `Legs.route` from zero are `conversion << CONVERSION_SHIFT | payload type to send`.
CONVERSION_SHIFT = 7


class Legs:
    """The columns. Times are seconds of the monotonic clock; sequence numbers stand extended."""

    def __init__(self, capacity: int) -> None:  # noqa: PLR0915 - a list of columns
        def integers(fill: int = 0) -> npt.NDArray[np.int64]:
            return np.full(capacity, fill, np.int64)

        def seconds() -> npt.NDArray[np.float64]:
            return np.zeros(capacity, np.float64)

        def flags() -> npt.NDArray[np.bool_]:
            return np.zeros(capacity, np.bool_)

        self.capacity = capacity

        # who
        self.leg = integers(FREE)
        "The number that the signalling process gave."
        self.heard_by = integers(FREE)
        "The one row that hears this one: the other row of a room of two; for echo the row itself."
        self.sampled = flags()
        "Whether somebody needs this leg's samples, so that the tick serves it."
        self.wide = flags()
        "Whether the tick serves it at 16 kHz."

        # what protects it: contexts of `srtp.core`, 0 where it is in the clear
        self.srtp_in = np.zeros(capacity, np.uint64)
        self.srtp_out = np.zeros(capacity, np.uint64)
        self.shares_port = flags()
        "Whether more than RTP comes by its RTP port: STUN, DTLS, RTCP (RFC 7983, RFC 5761)."

        # what was negotiated
        self.receives = flags()
        "Whether we take audio from the far end (our direction is sendrecv or recvonly)."
        self.sends = flags()
        "Whether we send audio to it (sendrecv or sendonly, and there is an address to send to)."
        self.clock = integers(8000)
        "RTP clock of the audio that is sent, Hz."
        self.send_pt = integers(0)
        "Payload type of the audio that the tick sends."
        self.is_event = np.zeros((capacity, PAYLOAD_TYPES), np.bool_)
        "Whether a payload type that may arrive carries keys (RFC 4733)."
        self.heard_event_clock = np.zeros((capacity, PAYLOAD_TYPES), np.int32)
        "For each of those: the clock of its durations, Hz."
        self.event_pt = integers(FREE)
        "Payload type of keys that are sent; FREE when the far end takes none."
        self.event_clock = integers(8000)
        "Their clock in Hz, which should be that of the audio."
        self.ptime = integers(20)
        "Milliseconds in a packet that the tick sends."
        self.route = np.full((capacity, PAYLOAD_TYPES), NoRelay.UNKNOWN, np.int16)
        "For each payload type that may arrive: what to send it as, or a `NoRelay`."
        self.sound_clock = np.zeros((capacity, PAYLOAD_TYPES), np.int32)
        "For each payload type that may arrive: its RTP clock, Hz; 0 where it carries no sound."

        # reception, RFC 3550 appendix A.1, A.3 and A.8
        self.ssrc_in = integers(NO_SSRC)
        self.highest = integers()
        "Extended highest sequence number received."
        self.base = integers()
        "Extended sequence number that counting began with."
        self.candidate_ssrc = integers(NO_SSRC)
        self.candidate_sequence = integers(-1)
        "The next packet that would prove a new source or a jump (`bad_seq` of A.1)."
        self.received = integers()
        "Packets of the present source since `base`."
        self.received_prior = integers()
        self.expected_prior = integers()
        self.lost_before = integers()
        "Lost packets of earlier sources of this leg."
        self.heard_pt = integers(FREE)
        "Payload type of the last packet of sound; FREE before the first."
        self.heard_clock = integers(8000)
        "Its clock, Hz."
        self.transit = integers()
        "Arrival minus timestamp of the last packet, in units of that clock, modulo 2**32."
        self.jitter = seconds()
        "Interarrival jitter in units of that clock."
        self.last_timestamp = integers(-1)
        self.heard_at = seconds()
        "When the last valid packet came, or when `Configure` did, whichever was later."
        self.settled_at = seconds()
        "When the first `Configure` with an address to send to came; 0 before."
        self.timeout = seconds()
        "Silence that is reported as `MediaTimeout`; 0 for never."
        self.timed_out = flags()
        "Whether it was reported."
        self.tallied = np.zeros((capacity, 5), np.int64)
        "The `Tally` of all times that the tick had the row, except the present one."
        self.packets_in = integers()
        self.octets_in = integers()
        self.bad = np.zeros((capacity, len(Bad)), np.int64)

        # what is sent: one continuous stream whatever it is made of
        self.ssrc_out = integers()
        self.sequence_shift = integers()
        "Added to the relayed sequence number."
        self.timestamp_shift = integers()
        "Added to the relayed timestamp."
        self.splice = flags()
        "Of the row that is relayed from: its next packet starts anew, so the shifts must be set."
        self.last_sequence_out = integers()
        self.last_timestamp_out = integers()
        self.sent_at = seconds()
        "When the last packet was sent."
        self.line_timestamp = integers()
        self.line_at = seconds()
        "The timestamps sent run along this line: `line_timestamp` was due at `line_at`."
        self.packets_out = integers()
        self.octets_out = integers()
        self.packets_reported = integers()
        "`packets_out` at the last RTCP report."
        self.report_due = np.full(capacity, np.inf)
        "When the next RTCP report leaves."

        self._fresh = {
            name: column[0].copy()
            for name, column in vars(self).items()
            if isinstance(column, np.ndarray)
        }
        self._row_of: dict[int, int] = {}
        self._free = list(range(capacity - 1, -1, -1))

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def free(self) -> int:
        """How many rows can be taken now."""
        return len(self._free)

    def take_row(self, leg: int) -> int:
        """Give the leg a row with fresh columns; raises KeyError when its number is in use."""
        if leg in self._row_of:
            raise KeyError(f"leg {leg} is open already")
        if not self._free:
            raise KeyError("no row free")
        row = self._free.pop()
        self._row_of[leg] = row
        self.leg[row] = leg
        return row

    def row(self, leg: int) -> int:
        """Return the leg's row; raises KeyError."""
        try:
            return self._row_of[leg]
        except KeyError:
            raise KeyError(f"no leg {leg}") from None

    def free_row(self, row: int) -> None:
        """Free the row and put every column back to its first value."""
        del self._row_of[int(self.leg[row])]
        for name, value in self._fresh.items():
            getattr(self, name)[row] = value
        self._free.append(row)

    def in_use(self) -> Iterable[int]:
        """Return the rows that are taken."""
        return self._row_of.values()
