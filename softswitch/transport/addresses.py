"""Our own addresses: as the far end sees them, as packets are marked, as errors name them."""

from __future__ import annotations

import ipaddress
import os
import socket

WILDCARDS = frozenset(("0.0.0.0", "::"))


def family_of(host: str) -> socket.AddressFamily:
    """Whether a numeric address is IPv4 or IPv6."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def is_numeric(host: str) -> bool:
    """Whether a host is an address already, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def require_numeric(address: tuple[str, int]) -> tuple[str, int]:
    """The address itself; OSError for a name, which the kernel would look up while all wait."""
    if not is_numeric(address[0]):
        raise OSError(f"{address[0]!r} is not a numeric address")
    return address


def source_for(remote: str) -> str:
    """The address of ours from which packets to `remote` leave; asks the kernel, sends nothing."""
    family = family_of(remote)
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((remote, 9))
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"
        host: str = probe.getsockname()[0]
        return host


def can_reach(remote: str) -> bool:
    """Whether the kernel knows a way to a numeric address; nothing is sent."""
    with socket.socket(family_of(remote), socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((remote, 9))
        except OSError:
            return False
    return True


def primary_address() -> str:
    """This machine's IPv4 address on the way to the Internet; 127.0.0.1 without a network."""
    return source_for("192.0.2.1")


def cannot_listen(address: tuple[str, int], error: OSError, transport: str = "") -> OSError:
    """The error of a socket that cannot be opened, as one sentence with address and cause."""
    host, port = address
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    cause = os.strerror(error.errno).lower() if error.errno else "the address cannot be used"
    return OSError(f"{transport}{':' if transport else ''}{shown} cannot be opened: {cause}")


def set_dscp(sock: socket.socket, dscp: int) -> None:
    """Mark what the socket sends (RFC 2474); the two lower bits belong to congestion control."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
