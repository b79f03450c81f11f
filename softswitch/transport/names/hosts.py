"""The names of /etc/hosts, and `localhost`, of which no server is asked (RFC 6761 section 6.3)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

FILE = Path("/etc/hosts")
LOOPBACK = ("127.0.0.1", "::1")


class HostsFile:
    """The file, read anew when it was replaced or written to."""

    __slots__ = ("_file", "_known", "_stamp")

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._known: dict[str, list[str]] = {}
        self._stamp: tuple[int, int, int] | None = None

    def addresses(self, host: str) -> Sequence[str]:
        """Its addresses in the order of the file; none of a name that is not there."""
        name = host.lower().rstrip(".")
        self._refresh()
        found = self._known.get(name, [])
        if not found and (name == "localhost" or name.endswith(".localhost")):
            return LOOPBACK
        return found

    def _refresh(self) -> None:
        try:
            state = os.stat(self._file)
            stamp = state.st_ino, state.st_size, state.st_mtime_ns
            if stamp != self._stamp:
                self._known = _read(self._file.read_text("utf-8", "replace"))
                self._stamp = stamp
        except OSError:
            self._known, self._stamp = {}, None


def _read(text: str) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        try:
            ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            continue
        for name in names:
            addresses = known.setdefault(name.lower().rstrip("."), [])
            if address not in addresses:
                addresses.append(address)
    return known
