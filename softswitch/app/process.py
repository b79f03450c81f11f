"""The process of the switch: its file descriptors, its garbage, and what systemd is told of it."""

from __future__ import annotations

import gc
import os
import resource
import socket
from contextlib import suppress
from typing import NamedTuple

import structlog

from softswitch.settings.server import LimitSettings

log = structlog.get_logger()

YOUNG_OBJECTS = 20_000
"Allocations between two collections; what a call allocates is freed by counting references."

READY, STOPPING = "READY=1", "STOPPING=1"
"The states that systemd is told of (sd_notify(3))."


class Connections(NamedTuple):
    """How many connections there may be at a time."""

    sip: int
    http: int


def raise_file_limit() -> int:
    """Take as many file descriptors as we may; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def share_descriptors(descriptors: int, wanted: LimitSettings) -> Connections:
    """The bounds of the settings, as far as the descriptors suffice.

    SIP gets at most half of them and HTTP a quarter, so neither takes the other's. The rest is for
    the database, for files, and for what the switch asks of others.
    """
    given = Connections(
        min(wanted.connections, descriptors // 2), min(wanted.http_connections, descriptors // 4)
    )
    if given != (wanted.connections, wanted.http_connections):
        log.warning("few file descriptors", limit=descriptors, sip=given.sip, http=given.http)
    return given


def spare_the_collector() -> None:
    """Collect garbage from now on, but for what was made at the start.

    Nearly all of that stays: to look for the rest would hold the event loop up for a tenth of a
    second.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
    gc.enable()


def tell_systemd(state: str) -> None:
    """Tell a state to who has started the switch, where that listens for it (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    # An @ stands for the octet 0 of an abstract name (unix(7)).
    address = "\0" + path[1:] if path.startswith("@") else path
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(state.encode(), address)
