"""Ports of this machine for tests: a range of its own for every process that runs tests.

Tests run side by side, in several processes and maybe from several work trees. A process claims the
first range that nobody has, by keeping the first port of it bound as long as it lives; so no other
process of tests picks from this range, neither for a switch nor for its peers.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import cache

RANGES = [range(low, low + 1_850) for low in range(10_000, 32_200, 1_850)]
"They end below the ports that the kernel hands out: one of those is soon somebody else's."
SINGLE_PORTS = 350
"How many ports of a range are for one socket each; the others are for media."
STEP = 4
"SIPp needs a few ports above the one that it is told."
KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_held = ExitStack()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, for UDP and TCP; another one every time."""
    for port in itertools.islice(_single_ports(), SINGLE_PORTS):
        if _are_free([port], KINDS):
            return port
    raise OSError("no port is free")


def media_ports(part: int = 0, parts: int = 1) -> tuple[int, int]:
    """The first and the last port for the media of a switch, or one of several equal parts."""
    ports = _range()[SINGLE_PORTS:]
    length = len(ports) // parts // 2 * 2
    return ports[part * length], ports[part * length + length - 1]


def free_ports(count: int) -> tuple[int, int]:
    """The first and the last of so many ports for media, all of them free at this moment."""
    first, last = media_ports()
    for low in range(first, last + 2 - count, 2):
        if _are_free(range(low, low + count), [socket.SOCK_DGRAM]):
            return low, low + count - 1
    raise OSError(f"no {count} ports in a row are free")


@cache
def _range() -> range:
    """The range of this process."""
    for ports in RANGES:
        try:
            _bind(_held, ports[0], KINDS)
        except OSError:
            continue
        return ports
    raise OSError(f"more than {len(RANGES)} processes run tests")


@cache
def _single_ports() -> Iterator[int]:
    """Every port for one socket, again and again."""
    return itertools.cycle(_range()[STEP:SINGLE_PORTS:STEP])


def _are_free(ports: Iterable[int], kinds: Iterable[socket.SocketKind]) -> bool:
    with ExitStack() as sockets:
        try:
            for port in ports:
                _bind(sockets, port, kinds)
        except OSError:
            return False
    return True


def _bind(stack: ExitStack, port: int, kinds: Iterable[socket.SocketKind]) -> None:
    """Bind the port for every kind, or for none."""
    with ExitStack() as sockets:
        for kind in kinds:
            sockets.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
        stack.enter_context(sockets.pop_all())
