"""The SIP messages of a trace as a capture file (pcap, draft-ietf-opsawg-pcap section 4).

Each is an IP packet with a UDP datagram in it, whatever it travelled by: Wireshark and sngrep then
read the messages of TCP, TLS and WebSockets as well. Secrets are asterisks.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable

from softswitch.trace.lines import AnyLine, SipMessage
from softswitch.trace.masking import masked

RAW_IP = 101
"LINKTYPE_RAW: packets begin with their IP header."
LONGEST = 65_535
"Octets of a packet."
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, RAW_IP)
"What a file begins with."
UDP = 17
_HOPS = 64


def packets(lines: Iterable[AnyLine]) -> bytes:
    """The SIP messages among the lines, as records of a file."""
    return b"".join(_record(line) for line in lines if isinstance(line, SipMessage))


def _record(message: SipMessage) -> bytes:
    packet = _packet(message)
    seconds = int(message.at)
    microseconds = min(round((message.at - seconds) * 1e6), 999_999)
    return struct.pack("<IIII", seconds, microseconds, len(packet), len(packet)) + packet


def _packet(message: SipMessage) -> bytes:
    """The message in UDP in IP; both addresses are of one family, or are shown as IPv6."""
    ends = (message.flow.local, message.flow.remote)
    source, target = ends if message.is_sent else ends[::-1]
    here, there = _address(source[0]), _address(target[0])
    if here.version != there.version:
        here, there = _as_six(here), _as_six(there)
    overhead = 28 if here.version == 4 else 48
    octets = masked(message.octets)[: LONGEST - overhead]
    length = 8 + len(octets)
    pseudo = here.packed + there.packed
    pseudo += struct.pack("!HBBH" if here.version == 4 else "!IHBB", *_pseudo(here.version, length))
    udp = struct.pack("!HHHH", source[1] & 0xFFFF, target[1] & 0xFFFF, length, 0)
    checksum = _checksum(pseudo + udp + octets) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", checksum)
    return _ip_header(here, there, length) + udp + octets


def _pseudo(version: int, length: int) -> tuple[int, ...]:
    return (0, 0, UDP, length) if version == 4 else (length, 0, 0, UDP)


def _ip_header(
    source: ipaddress.IPv4Address | ipaddress.IPv6Address,
    target: ipaddress.IPv4Address | ipaddress.IPv6Address,
    length: int,
) -> bytes:
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, UDP, _HOPS) + source.packed + target.packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, _HOPS, UDP, 0)
    checksum = _checksum(head + source.packed + target.packed)
    return head[:10] + struct.pack("!H", checksum) + source.packed + target.packed


def _checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ipaddress.IPv4Address(0)


def _as_six(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv6Address:
    if isinstance(address, ipaddress.IPv6Address):
        return address
    return ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
