"""Where a dialled number leads: scheme, then domain, then user (RFC 3261 section 8.2.2.1).

A number is an extension, or else what the routes make of it: another extension, or ways out through
trunks, tried in the order of the settings. The rights of the requester decide which routes it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension
from softswitch.sip.effects import Flow
from softswitch.sip.message.subscriber import number_of, written_number
from softswitch.sip.message.uri import OtherUri, SipUri, Uri


class Reachable(Protocol):
    """The way to the phone of a binding."""

    @property
    def uri(self) -> Uri: ...
    @property
    def flow(self) -> Flow: ...
    @property
    def path(self) -> Sequence[str]: ...


def flow_to(binding: Reachable) -> Flow:
    """The flow on which a phone takes requests.

    The one that its REGISTER came on, which is the only one through a NAT, a proxy or over a
    connection; but a UDP contact on the very address that sent the REGISTER names its own port.
    """
    flow, uri = binding.flow, binding.uri
    if flow.transport != "udp" or binding.path or not isinstance(uri, SipUri):
        return flow
    port = uri.port or 5060
    if uri.address != flow.remote[0] or port == flow.remote[1]:
        return flow
    return flow._replace(remote=(flow.remote[0], port))


def uri_for(uri: SipUri, flow: Flow, *, sips: bool) -> SipUri | None:
    """The Request-URI for a contact; None where a `sips:` call would be downgraded (RFC 5630 5.3).

    A phone with a `sips:` contact gets a `sip:` call as such, over TLS all the same.
    """
    if not sips:
        return uri.with_scheme("sip")
    return uri if uri.is_sips and flow.is_secure else None


class Unroutable(Exception):
    """The number leads nowhere; `status` is what the caller is told."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Rights(NamedTuple):
    """Which routes somebody may use."""

    extension: str | None
    "The extension that dials; empty for a caller from outside; None for commands: all routes."
    outside: bool = True
    "Whether trunks may be reached."


COMMAND = Rights(None)
"An application has all rights: it has been authenticated by the command API."

INSIDE = Rights("", outside=False)
"""Calls from trunks, and calls that a phone redirects: a caller from outside, or one who can make a
phone answer 302, must not reach a trunk with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route for numbers that are no extension."""

    pattern: str
    "`*` at its end stands for any rest, `?` for one character."
    trunk: str = ""
    "The trunk to take; empty for an extension."
    extension: str = ""
    "The extension to ring; `*` for the one whose number is what remains."
    strip: int = 0
    "Leading characters that are removed, …"
    prefix: str = ""
    "… and what is put in front then."
    extensions: frozenset[str] = frozenset()
    "The extensions that may use it; empty is every extension."

    def rewritten(self, number: str) -> str:
        """The number that is dialled on; empty when nothing remains."""
        rest = number[self.strip :]
        return self.prefix + rest if rest else ""

    def allows(self, rights: Rights) -> bool:
        """Whether somebody with these rights may use it."""
        if self.trunk and not rights.outside:
            return False
        return (
            rights.extension is None or not self.extensions or rights.extension in self.extensions
        )


class Way(NamedTuple):
    """One way out by a trunk."""

    trunk: str
    number: str
    "As the far end of the trunk wants it."


Destination = Extension | tuple[Way, ...]
"What a number leads to."

OUTSIDE_NUMBER = re.compile(r"[A-Za-z0-9+*#._-]{1,64}")
"A number that trunks may get: nothing in it could mean more than a number to the next switch."


class Routing:
    """Reads Request-URIs and numbers against the directory and the routes."""

    __slots__ = ("_directory", "_domains", "_routes")

    def __init__(
        self, directory: Directory, domains: Iterable[str], routes: Iterable[Route] = ()
    ) -> None:
        """`domains`: the hosts of URIs that are ours: home domain and listening addresses."""
        self._directory = directory
        self._routes = tuple((_pattern(route.pattern), route) for route in routes)
        self._domains = frozenset(domain.lower().strip("[]") for domain in domains)

    def is_ours(self, host: str, flow: Flow | None = None) -> bool:
        """Whether a URI with this host means us; the address a request came to always does."""
        address = host.lower().strip("[]")
        return address in self._domains or (flow is not None and address == flow.local[0])

    def dialled(self, uri: Uri, flow: Flow | None = None) -> str:
        """The number that a Request-URI asks for; raises Unroutable (404, 416, 484)."""
        if isinstance(uri, OtherUri):
            raise Unroutable(416, f"no calls to {uri.scheme}: URIs")
        if isinstance(uri, SipUri) and not self.is_ours(uri.host, flow):
            raise Unroutable(404, f"{uri.host} is not our domain")
        written, number = written_number(uri), number_of(uri)
        if not number:
            raise Unroutable(484, "nobody was dialled")
        # An extension whose own number has a separator is found by it.
        return written if self._directory.find(written) is not None else number

    def leading(self, numbers: Iterable[str], rights: Rights) -> str:
        """The first of these numbers that leads somewhere, else the first; empty without any."""
        candidates = [number for number in numbers if number]
        for number in candidates:
            try:
                self.destination(number, rights)
            except Unroutable:
                continue
            return number
        return candidates[0] if candidates else ""

    def extension(self, number: str) -> Extension:
        """The destination of a number, without regard to rights; raises Unroutable (404)."""
        found = self._directory.find(number)
        if found is None:
            raise Unroutable(404, f"no extension {number[:64]!r}")
        return found

    def destination(self, number: str, rights: Rights) -> Destination:
        """The destination of a number for a caller with these rights.

        Raises Unroutable: 403 when there are only routes for others, 404 when there is none.
        """
        found = self._directory.find(number)
        if found is not None:
            return found
        ways: list[Way] = []
        forbidden = False
        for pattern, route in self._routes if len(number) <= LONGEST_NUMBER else ():
            if pattern.fullmatch(number) is None:
                continue
            if not route.allows(rights):
                forbidden = True
                continue
            rewritten = route.rewritten(number)
            if route.trunk:
                if OUTSIDE_NUMBER.fullmatch(rewritten) is not None:
                    ways.append(Way(route.trunk, rewritten))
            elif not ways:
                return self.extension(rewritten if route.extension == "*" else route.extension)
        if ways:
            return tuple(ways)
        if forbidden:
            raise Unroutable(403, f"no route of this caller leads to {number[:64]!r}")
        raise Unroutable(404, f"neither extension nor route for {number[:64]!r}")


LONGEST_NUMBER = 64
"Characters; a longer number is no number, and no pattern is tried on it."


def _pattern(text: str) -> re.Pattern[str]:
    """The pattern of a route as an expression, which takes linear time: only its end may vary."""
    body, rest = (text[:-1], ".*") if text.endswith("*") else (text, "")
    return re.compile("".join("." if one == "?" else re.escape(one) for one in body) + rest)
