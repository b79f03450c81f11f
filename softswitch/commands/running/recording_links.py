"""The URLs of recordings: made for applications, and known again when a script plays one.

A URL begins with `http.public_url`; without that setting, with the address from which the switch
reaches the application, since there the application reaches the switch. Its ticket takes the place
of a password.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from softswitch.guard.proofs.tickets import Tickets, Worth
from softswitch.transport.addresses import WILDCARDS, family_of, source_for

PLACE = "/recordings/"
"The path of all recordings."
FIELD = "ticket"
"The field of the query that holds the ticket."
_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"Addresses on the way to the Internet, for readers that nothing is known of."


class LinkExpired(Exception):
    """The URL of a recording is ours, but was made too long ago."""


class RecordingLinks:
    """Makes and reads the URLs of the files below one directory."""

    def __init__(
        self,
        directory: Path,
        tickets: Tickets,
        listen: tuple[str, int],
        public_url: str | None = None,
        *,
        scheme: str = "http",
    ) -> None:
        """`listen` is where the HTTP server listens, which may be all addresses.

        `scheme` is what it speaks, `http` or `https`.
        """
        self._scheme = scheme
        self._directory = directory
        self._tickets = tickets
        self._listen = listen
        self._public = public_url.rstrip("/") if public_url is not None else None
        self._place = urlsplit(self._public or "").path + PLACE

    def listens_on(self, address: tuple[str, int]) -> None:
        """Take the port that the HTTP server has got where the settings leave it open (0)."""
        self._listen = address

    async def url(self, path: str, reader: str | None = None) -> str:
        """The URL of a file; `path` is relative, `reader` the URL of who is to fetch it."""
        base = self._public or f"{self._scheme}://{await self._address_for(reader)}"
        return f"{base}{PLACE}{quote(path)}?{FIELD}={self._tickets.make(path)}"

    def judge(self, path: str, ticket: str) -> Worth:
        """What a ticket is worth for a file."""
        return self._tickets.judge(path, ticket)

    def file_of(self, url: str) -> Path | None:
        """The file that a URL of ours names, whatever host it names; None for other URLs.

        Raises LinkExpired.
        """
        parts = urlsplit(url)
        if not parts.path.startswith(self._place):
            return None
        path = unquote(parts.path.removeprefix(self._place))
        for field in parts.query.split("&"):
            name, _, ticket = field.partition("=")
            worth = self.judge(path, ticket) if name == FIELD else Worth.WORTHLESS
            if worth is Worth.EXPIRED:
                raise LinkExpired(f"{parts.path}: the link has expired")
            if worth is Worth.GOOD:
                return self._directory / path
        return None

    async def _address_for(self, reader: str | None) -> str:
        """Host and port by which the reader reaches this switch; never a wildcard."""
        host, port = self._listen
        if host in WILDCARDS:
            host = await _source_for(reader, family_of(host))
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _source_for(reader: str | None, family: socket.AddressFamily) -> str:
    """The address of ours from which packets to the reader leave."""
    host = urlsplit(reader).hostname if reader is not None else None
    if host is None:
        return source_for(_FAR_AWAY[family])
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
    except OSError:
        return source_for(_FAR_AWAY[family])
    return source_for(str(found[0][4][0]))
