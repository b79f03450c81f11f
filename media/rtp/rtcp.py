"""RTCP packets to octets and back (RFC 3550 section 6): SR, RR, SDES with CNAME, BYE."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203
RTCP_TYPES = range(192, 224)
"Second octets of RTCP packets (RFC 5761 section 4)."

CNAME = 1
NTP_EPOCH = 2208988800
"Seconds from 1900 to 1970."
MAX_COMPOUND = 1500

_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIII")
_BLOCK = struct.Struct("!IB3sIIII")


class RtcpError(ValueError):
    """A compound packet that is not what RFC 3550 appendix A.2 demands."""


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """The middle of a sender report: section 6.4.1."""

    ntp: int
    "64 bits: seconds since 1900 and their fraction."
    rtp_timestamp: int
    packets: int
    octets: int

    @property
    def middle(self) -> int:
        """The 32 bits in the middle of the NTP time: what comes back as LSR."""
        return self.ntp >> 16 & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """The report of a receiver on one source: section 6.4.1."""

    ssrc: int
    fraction_lost: int
    "Of 256, since the last report."
    lost: int
    "Cumulative, -2**23 to 2**23-1."
    highest: int
    "Extended highest sequence number."
    jitter: int
    "In units of the RTP clock."
    last_sr: int
    "Middle 32 bits of the NTP time of the last SR received; 0 for none."
    delay: int
    "Since that SR, in 1/65536 s."


@dataclass(frozen=True, slots=True)
class RtcpReport:
    """An SR (with `sender`) or an RR."""

    ssrc: int
    sender: SenderInfo | None = None
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Compound:
    """What a compound packet contains that a telephone switch uses."""

    reports: tuple[RtcpReport, ...] = ()
    cnames: tuple[tuple[int, str], ...] = ()
    "SSRC and canonical name."
    goodbyes: tuple[int, ...] = ()
    "The sources that leave."


def ntp_time(wall: float) -> int:
    """Return seconds since 1970 as a 64-bit NTP time."""
    return int((wall + NTP_EPOCH) * (1 << 32)) & (1 << 64) - 1


def round_trip(now: int, last_sr: int, delay: int) -> float:
    """Return the seconds of `A - LSR - DLSR`, all in 1/65536 s modulo 2**32 (section 6.4.1).

    Clocks that step can make it negative; then it is 0.
    """
    elapsed = (now - last_sr - delay) & 0xFFFFFFFF
    return 0.0 if elapsed >= 1 << 31 else elapsed / 65536


def fraction_lost(expected: int, received: int) -> int:
    """Return 256ths of the packets of an interval that were lost (A.3); 0 when more came."""
    missing = expected - received
    return 0 if expected <= 0 or missing <= 0 else min(255, (missing << 8) // expected)


def build_report(report: RtcpReport, cname: str) -> bytes:
    """Return SR or RR and an SDES with the canonical name: the least that may be sent."""
    blocks = b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost,
            (max(-(1 << 23), min((1 << 23) - 1, block.lost)) & 0xFFFFFF).to_bytes(3, "big"),
            block.highest & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF,
            block.last_sr,
            block.delay & 0xFFFFFFFF,
        )
        for block in report.blocks
    )
    body = report.ssrc.to_bytes(4, "big")
    kind = RECEIVER_REPORT
    if report.sender is not None:
        kind = SENDER_REPORT
        sender = report.sender
        body += _SENDER.pack(
            sender.ntp >> 32,
            sender.ntp & 0xFFFFFFFF,
            sender.rtp_timestamp,
            sender.packets & 0xFFFFFFFF,
            sender.octets & 0xFFFFFFFF,
        )
    name = cname.encode()[:255]
    item = bytes((CNAME, len(name))) + name
    # a chunk ends with at least one zero octet, at a boundary of 32 bits (section 6.5)
    chunk = report.ssrc.to_bytes(4, "big") + item + bytes(4 - len(item) % 4)
    return _packet(kind, len(report.blocks), body + blocks) + _packet(SOURCE_DESCRIPTION, 1, chunk)


def build_goodbye(ssrc: int) -> bytes:
    """Return a BYE without a reason; it follows a report in the same compound."""
    return _packet(GOODBYE, 1, ssrc.to_bytes(4, "big"))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def parse(data: bytes) -> Compound:
    """Read a compound packet, also one of reduced size (RFC 5506); raises `RtcpError`.

    Packets of unknown types are skipped (RFC 3550 section 6.1), wherever they stand.
    """
    reports: list[RtcpReport] = []
    cnames: list[tuple[int, str]] = []
    goodbyes: list[int] = []
    rest = memoryview(data)
    is_rtcp = False
    while rest:
        count, kind, body, rest = _next(rest)
        is_rtcp |= kind in RTCP_TYPES
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            reports.append(_report(kind, count, body))
        elif kind == SOURCE_DESCRIPTION:
            cnames.extend(_cnames(count, body))
        elif kind == GOODBYE:
            if len(body) < 4 * count:
                raise RtcpError("BYE shorter than its list of sources")
            goodbyes.extend(struct.unpack_from(f"!{count}I", body))
    if not is_rtcp:
        raise RtcpError("no RTCP in it")
    return Compound(tuple(reports), tuple(cnames), tuple(goodbyes))


def _next(rest: memoryview) -> tuple[int, int, memoryview, memoryview]:
    """Cut the first packet off: its count, type and body, and what follows it."""
    if len(rest) < 4:
        raise RtcpError("shorter than a header")
    first, kind, words = _HEADER.unpack_from(rest)
    if first >> 6 != 2:
        raise RtcpError(f"version {first >> 6}")
    end = 4 + 4 * words
    if end > len(rest):
        raise RtcpError("length beyond the datagram")
    body = rest[4:end]
    if first & 0x20:
        # only the last packet of a compound may be padded (section 6.4.1)
        if end != len(rest) or not body or not 0 < body[-1] <= len(body):
            raise RtcpError("padding")
        body = body[: len(body) - body[-1]]
    return first & 0x1F, kind, body, rest[end:]


def _report(kind: int, count: int, body: memoryview) -> RtcpReport:
    begin = 24 if kind == SENDER_REPORT else 4
    if len(body) < begin + _BLOCK.size * count:
        raise RtcpError("report shorter than its blocks")
    sender = None
    if kind == SENDER_REPORT:
        seconds, fraction, rtp_timestamp, packets, octets = _SENDER.unpack_from(body, 4)
        sender = SenderInfo(seconds << 32 | fraction, rtp_timestamp, packets, octets)
    blocks = []
    for index in range(count):
        ssrc, fraction, lost, highest, jitter, last_sr, delay = _BLOCK.unpack_from(
            body, begin + _BLOCK.size * index
        )
        signed = int.from_bytes(lost, "big", signed=True)
        blocks.append(ReportBlock(ssrc, fraction, signed, highest, jitter, last_sr, delay))
    return RtcpReport(int.from_bytes(body[:4], "big"), sender, tuple(blocks))


def _cnames(count: int, body: memoryview) -> list[tuple[int, str]]:
    """Read the chunks of an SDES packet (section 6.5)."""
    names = []
    place = 0
    for _ in range(count):
        if place + 4 > len(body):
            raise RtcpError("SDES shorter than its chunks")
        ssrc = int.from_bytes(body[place : place + 4], "big")
        place += 4
        while place < len(body) and body[place]:
            end = place + 2 + (body[place + 1] if place + 1 < len(body) else 0)
            if end > len(body):
                raise RtcpError("SDES item beyond its chunk")
            if body[place] == CNAME:
                names.append((ssrc, bytes(body[place + 2 : end]).decode(errors="replace")))
            place = end
        place = (place | 3) + 1
    return names
