"""Where a dialled number leads: scheme, then domain, then user (RFC 3261 section 8.2.2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from softswitch.calls.directory import Directory, Extension
from softswitch.sip.effects import Flow
from softswitch.sip.uri import OtherUri, SipUri, Uri


class Reachable(Protocol):
    """What a binding tells about the way to its phone."""

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


class Unroutable(Exception):
    """The number leads nowhere; `status` is what the caller is told."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Routing:
    """Reads Request-URIs and numbers against the directory."""

    __slots__ = ("_directory", "_domains")

    def __init__(self, directory: Directory, domains: Iterable[str]) -> None:
        """`domains`: the hosts of URIs that are ours: home domain and listening addresses."""
        self._directory = directory
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
        number = uri.user
        if not number:
            raise Unroutable(484, "nobody was dialled")
        return number

    def extension(self, number: str) -> Extension:
        """What is behind a number, whoever dialled it; raises Unroutable (404)."""
        found = self._directory.find(number)
        if found is None:
            raise Unroutable(404, f"no extension {number[:64]!r}")
        return found
