"""STUN as a keep-alive of UDP flows: where a phone's packets come from (RFC 5626 section 4.4.2).

Only Binding requests without credentials are answered, from the socket that they came to (RFC 8489
section 14.2). A phone whose address changes between two answers knows that its flow is dead.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

BINDING_REQUEST = b"\x00\x01"
BINDING_SUCCESS = b"\x01\x01"
COOKIE = b"\x21\x12\xa4\x42"
XOR_MAPPED_ADDRESS = b"\x00\x20"
HEADER = 20
"Octets before the attributes: type, length, cookie, and 12 of the transaction."
LONGEST = 548
"Octets of a request that is looked at (RFC 8489 section 6.1)."


def answer(data: bytes, remote: tuple[str, int]) -> bytes | None:
    """The answer to a Binding request from an address, None where there is none."""
    if (
        data[:2] != BINDING_REQUEST
        or data[4:8] != COOKIE
        or not HEADER <= len(data) <= LONGEST
        or int.from_bytes(data[2:4], "big") != len(data) - HEADER
    ):
        return None
    host, port = ip_address(remote[0].partition("%")[0]), remote[1]
    family = b"\x00\x02" if isinstance(host, IPv6Address) else b"\x00\x01"
    hidden = bytes(a ^ b for a, b in zip(host.packed, data[4:20], strict=False))
    value = family + (port ^ 0x2112).to_bytes(2, "big") + hidden
    attribute = XOR_MAPPED_ADDRESS + len(value).to_bytes(2, "big") + value
    return BINDING_SUCCESS + len(attribute).to_bytes(2, "big") + data[4:20] + attribute
