"""Capture files, read as the specification has them."""

from __future__ import annotations

import ipaddress
import struct

import pytest

from softswitch.sip.effects import Flow
from softswitch.trace.lines import LineKind, SipMessage, TraceLine
from softswitch.trace.pcap import HEADER, packets

BYE = b"BYE sip:a@b SIP/2.0\r\nCall-ID: x\r\n\r\n"


def ones(octets: bytes) -> int:
    """The sum that a right checksum makes 0xFFFF (RFC 1071)."""
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize(
    ("local", "remote", "version"),
    [
        (("127.0.0.1", 5060), ("192.0.2.1", 5061), 4),
        (("::1", 5060), ("2001:db8::1", 5061), 6),
        (("0.0.0.0", 5060), ("fe80::1%eth0", 5061), 6),
    ],
)
@pytest.mark.parametrize("is_sent", [True, False])
def test_a_message_is_a_packet(
    local: tuple[str, int], remote: tuple[str, int], version: int, is_sent: bool
) -> None:
    flow = Flow("tls", local, remote)
    record = packets([SipMessage(1_800_000_000.25, is_sent, flow, BYE)])
    seconds, microseconds, captured, length = struct.unpack("<IIII", record[:16])
    assert (seconds, microseconds) == (1_800_000_000, 250_000)
    packet = record[16:]
    assert captured == length == len(packet)
    assert packet[0] >> 4 == version
    if version == 4:
        source, target, udp = packet[12:16], packet[16:20], packet[20:]
        assert ones(packet[:20]) == 0xFFFF
        pseudo = source + target + struct.pack("!HH", 17, len(udp))
    else:
        source, target, udp = packet[8:24], packet[24:40], packet[40:]
        pseudo = source + target + struct.pack("!II", len(udp), 17)
    assert ones(pseudo + udp) == 0xFFFF
    source_port, target_port, udp_length, _ = struct.unpack("!HHHH", udp[:8])
    assert udp_length == len(udp)
    assert udp[8:] == BYE
    assert (source_port, target_port) == ((5060, 5061) if is_sent else (5061, 5060))
    if "%" not in remote[0] and local[0] != "0.0.0.0":
        ends = [ipaddress.ip_address(local[0]).packed, ipaddress.ip_address(remote[0]).packed]
        assert [source, target] == (ends if is_sent else ends[::-1])


def test_only_messages_are_packets_and_secrets_are_gone() -> None:
    flow = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5061))
    secret = b'REGISTER sip:a SIP/2.0\r\nAuthorization: Digest response="abcdef"\r\n\r\n'
    lines = [TraceLine(1.0, LineKind.NOTE, "x"), SipMessage(2.0, False, flow, secret)]
    written = packets(lines)
    assert b"abcdef" not in written
    assert written.count(b"REGISTER") == 1


def test_a_message_longer_than_a_packet_is_cut() -> None:
    flow = Flow("tcp", ("127.0.0.1", 5060), ("127.0.0.1", 5061))
    written = packets([SipMessage(2.0, False, flow, b"X" * 70_000)])
    assert struct.unpack("<IIII", written[:16])[2] == 65_535


def test_a_file_begins_with_its_header() -> None:
    magic, major, minor = struct.unpack("<IHH", HEADER[:8])
    assert (magic, major, minor, len(HEADER)) == (0xA1B2C3D4, 2, 4, 24)
    assert struct.unpack("<I", HEADER[20:])[0] == 101
