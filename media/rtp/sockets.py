"""The sockets of a leg: two that are bound from the start, and one that is connected later.

An RTP and an RTCP socket are bound to the ports that are announced. When the far end is known, a
second RTP socket is bound to the same port and connected: it is cheaper, and the kernel gives it
exactly the packets of the far end. Those of everybody else still reach the unconnected socket,
where they are counted.
"""

from __future__ import annotations

import errno
import socket

from media.control.session import Address

EXPEDITED = 0xB8
"The traffic class of voice: DSCP EF, 46 (RFC 4594 section 4.1)."
BUFFER = 1 << 17
"Octets that the kernel keeps for a socket that we are late to read."


def why_not(host: str) -> str | None:
    """Say why nothing can be bound on an address; None when it is ours."""
    try:
        opened = _bound(host, 0)
    except OSError as error:
        return error.strerror
    if opened is not None:
        opened.close()
    return None


def open_pair(host: str, port: int) -> tuple[socket.socket, socket.socket] | None:
    """Bind the even port and the odd one above it; None when another program has one of them.

    Raises OSError when the address is not ours or no descriptor is left.
    """
    rtp = _bound(host, port)
    if rtp is None:
        return None
    try:
        rtcp = _bound(host, port + 1)
    except OSError:
        rtp.close()
        raise
    if rtcp is None:
        rtp.close()
        return None
    return rtp, rtcp


def connect_beside(unconnected: socket.socket, far_end: Address) -> socket.socket:
    """Return a socket of the same address that is connected to the far end.

    The address is shared for this moment only, so that no other program can ever share it.
    Raises OSError when there is no route.
    """
    connected = _new(unconnected.family)
    try:
        unconnected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connected.bind(unconnected.getsockname())
        connected.connect(far_end)
    except OSError:
        connected.close()
        raise
    finally:
        unconnected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return connected


def _bound(host: str, port: int) -> socket.socket | None:
    opened = _new(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise
    return opened


def _new(family: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
    else:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
    return opened
