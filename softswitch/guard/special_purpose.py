"""Addresses that no public web server has: the special-purpose registries of IANA, row by row.

RFC 6890 begins the registries "IPv4 Special-Purpose Address Space" and "IPv6 Special-Purpose
Address Space", RFC 8190 corrects them; the rows are those of October 2025. What the registries
call globally reachable is refused as well: anycast services and AS112 name servers, no web servers.
What is no unicast at all (RFC 5771, RFC 4291) has rows of its own here, and so have the IPv6 forms
that embed an IPv4 address.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

IPV4_REGISTRY: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network, RFC 791 section 3.2"),
    ("0.0.0.0/32", "this host on this network, RFC 1122 section 3.2.1.3"),
    ("10.0.0.0/8", "private use, RFC 1918"),
    ("100.64.0.0/10", "shared address space of carriers, RFC 6598"),
    ("127.0.0.0/8", "loopback, RFC 1122 section 3.2.1.3"),
    ("169.254.0.0/16", "link local, RFC 3927; clouds keep their metadata there"),
    ("172.16.0.0/12", "private use, RFC 1918"),
    ("192.0.0.0/24", "IETF protocol assignments, RFC 6890 section 2.1"),
    ("192.0.0.0/29", "IPv4 service continuity prefix, RFC 7335"),
    ("192.0.0.8/32", "IPv4 dummy address, RFC 7600"),
    ("192.0.0.9/32", "Port Control Protocol anycast, RFC 7723"),
    ("192.0.0.10/32", "TURN anycast, RFC 8155"),
    ("192.0.0.170/32", "discovery of NAT64 and DNS64, RFC 7050 section 2.2, RFC 8880"),
    ("192.0.0.171/32", "discovery of NAT64 and DNS64, RFC 7050 section 2.2, RFC 8880"),
    ("192.0.2.0/24", "documentation TEST-NET-1, RFC 5737"),
    ("192.31.196.0/24", "AS112-v4, RFC 7535"),
    ("192.52.193.0/24", "AMT, RFC 7450"),
    ("192.88.99.0/24", "6to4 relay anycast, deprecated, RFC 7526"),
    ("192.88.99.2/32", "6a44 relay anycast, RFC 6751"),
    ("192.168.0.0/16", "private use, RFC 1918"),
    ("192.175.48.0/24", "direct delegation of AS112, RFC 7534"),
    ("198.18.0.0/15", "benchmarking, RFC 2544"),
    ("198.51.100.0/24", "documentation TEST-NET-2, RFC 5737"),
    ("203.0.113.0/24", "documentation TEST-NET-3, RFC 5737"),
    ("240.0.0.0/4", "reserved, RFC 1112 section 4"),
    ("255.255.255.255/32", "limited broadcast, RFC 919 section 7, RFC 8190"),
)
"Every row of the IPv4 registry, with the RFCs that it names."

IPV6_REGISTRY: tuple[tuple[str, str], ...] = (
    ("::1/128", "loopback, RFC 4291"),
    ("::/128", "unspecified, RFC 4291"),
    ("::ffff:0:0/96", "IPv4-mapped, RFC 4291; judged by what it embeds"),
    ("64:ff9b::/96", "IPv4-IPv6 translation, RFC 6052; judged by what it embeds"),
    ("64:ff9b:1::/48", "IPv4-IPv6 translation for local use, RFC 8215"),
    ("100::/64", "discard only, RFC 6666"),
    ("100:0:0:1::/64", "dummy prefix, RFC 9780"),
    ("2001::/23", "IETF protocol assignments, RFC 2928"),
    ("2001::/32", "Teredo, RFC 4380, RFC 8190"),
    ("2001:1::1/128", "Port Control Protocol anycast, RFC 7723"),
    ("2001:1::2/128", "TURN anycast, RFC 8155"),
    ("2001:1::3/128", "DNS-SD service registration anycast, RFC 9665"),
    ("2001:2::/48", "benchmarking, RFC 5180"),
    ("2001:3::/32", "AMT, RFC 7450"),
    ("2001:4:112::/48", "AS112-v6, RFC 7535"),
    ("2001:10::/28", "ORCHID, deprecated, RFC 4843"),
    ("2001:20::/28", "ORCHIDv2, RFC 7343"),
    ("2001:30::/28", "drone remote identification, RFC 9374"),
    ("2001:db8::/32", "documentation, RFC 3849"),
    ("2002::/16", "6to4, RFC 3056"),
    ("2620:4f:8000::/48", "direct delegation of AS112, RFC 7534"),
    ("3fff::/20", "documentation, RFC 9637"),
    ("5f00::/16", "SRv6 segment identifiers, RFC 9602"),
    ("fc00::/7", "unique local, RFC 4193"),
    ("fe80::/10", "link local, RFC 4291"),
)
"Every row of the IPv6 registry, with the RFCs that it names."

NOT_UNICAST: tuple[tuple[str, str], ...] = (
    ("224.0.0.0/4", "multicast, RFC 5771"),
    ("ff00::/8", "multicast, RFC 4291"),
)

GLOBAL_UNICAST = IPv6Network("2000::/3")
"All that IANA gives to public networks (RFC 4291 section 2.4): beyond it lie site-local and more."

# Read one by one for each address that a name resolves to: about 50 comparisons.
_BY_VERSION: dict[int, tuple[Network, ...]] = {
    4: tuple(ip_network(text) for text, _ in (*IPV4_REGISTRY, NOT_UNICAST[0])),
    6: tuple(ip_network(text) for text, _ in (*IPV6_REGISTRY, NOT_UNICAST[1])),
}

_LAST_32 = 0xFFFF_FFFF
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"The upper half of interface identifiers that end in an IPv4 address (RFC 5214 section 6.1)."

EMBEDDINGS: tuple[tuple[str, Callable[[int], int]], ...] = (
    ("::ffff:0:0/96", lambda bits: bits & _LAST_32),  # IPv4-mapped, RFC 4291
    ("::ffff:0:0:0/96", lambda bits: bits & _LAST_32),  # IPv4-translated, RFC 2765
    ("::/96", lambda bits: bits & _LAST_32),  # IPv4-compatible, deprecated, RFC 4291
    ("64:ff9b::/96", lambda bits: bits & _LAST_32),  # NAT64, RFC 6052
    ("2002::/16", lambda bits: bits >> 80 & _LAST_32),  # 6to4, RFC 3056
    ("2001::/32", lambda bits: ~bits & _LAST_32),  # Teredo: the client, inverted, RFC 4380
)
"Prefixes of IPv6 addresses that embed an IPv4 address, and where its 32 bits are."

TRANSLATED = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"Forms that reach the public IPv4 address which they embed; the others reach a tunnel, or nobody."

_EMBEDDINGS = tuple((IPv6Network(text), read) for text, read in EMBEDDINGS)


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 address; None where there is none."""
    if isinstance(address, IPv4Address):
        return None
    bits = int(address)
    for network, read in _EMBEDDINGS:
        if address in network:
            return IPv4Address(read(bits))
    return IPv4Address(bits & _LAST_32) if bits >> 32 & _LAST_32 in _ISATAP else None


def is_public(text: str) -> bool:
    """Whether a numeric address is one of a public host. Raises ValueError for other text."""
    address = ip_address(text.partition("%")[0])
    inner = embedded(address)
    if inner is not None and not is_public(str(inner)):
        return False
    if any(address in network for network in TRANSLATED):
        return True
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _BY_VERSION[address.version])
