"""All trunks: found by name, and which of them a request comes from.

Calls in are those from the networks of a trunk, those over a connection whose certificate is the
trunk's, and those for the contact that we registered with it: its user part cannot be guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from ipaddress import IPv6Address, ip_address

from softswitch.calls.numbers.trunk import Trunk, TrunkState
from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request
from softswitch.telemetry.metrics import Metric

SOURCES = 10_000
"Addresses whose trunk is remembered."


TRUNK_METRICS: tuple[tuple[str, str, Callable[[Trunk], float]], ...] = (
    ("trunk_up", "Whether an outside line can be used", lambda t: t.state is TrunkState.UP),
    ("trunk_calls", "Legs at an outside line", lambda trunk: trunk.calls),
    ("trunk_invites_received_total", "Calls in", lambda trunk: trunk.incoming),
    ("trunk_invites_sent_total", "Calls out", lambda trunk: trunk.outgoing),
    ("trunk_failures_total", "Calls out that the line failed", lambda trunk: trunk.failures),
)
"Name, text for people, value."


class Trunks:
    """All trunks."""

    __slots__ = ("_by_contact", "_by_name", "_sources", "listeners")

    def __init__(self, trunks: Iterable[Trunk] = ()) -> None:
        self._by_name = {trunk.name: trunk for trunk in trunks}
        self.listeners: list[Callable[[Trunk], None]] = []
        "Told of a trunk whose state has changed; must not block."
        for trunk in self:
            trunk.tell = self._told
        self._by_contact = {
            trunk.terms.contact_user: trunk.name for trunk in self if trunk.terms.registers
        }
        self._sources: dict[str, str] = {}

    def __iter__(self) -> Iterator[Trunk]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __getitem__(self, name: str) -> Trunk:
        """The trunk with that name; raises KeyError."""
        return self._by_name[name]

    def get(self, name: str) -> Trunk | None:
        """The trunk with that name, if there is one."""
        return self._by_name.get(name)

    def exchange(self, other: Trunks) -> None:
        """Have the trunks of the other one, which gets those that were here."""
        self._by_name, other._by_name = other._by_name, self._by_name
        self._by_contact, other._by_contact = other._by_contact, self._by_contact
        self._sources, other._sources = {}, self._sources
        for trunk in self:
            trunk.tell = self._told

    def _told(self, trunk: Trunk) -> None:
        for listener in self.listeners:
            listener(trunk)

    def metrics(self) -> Iterator[Metric]:
        """The state and the calls of each trunk."""
        for name, text, value in TRUNK_METRICS:
            yield Metric(name, text, partial(self._each, value), "trunk")

    def _each(self, value: Callable[[Trunk], float]) -> dict[str, float]:
        return {trunk.name: value(trunk) for trunk in self}

    def source(self, request: Request, flow: Flow) -> str:
        """The name of the trunk that a request says it is from; empty for all other sources.

        A page is no trunk, whatever address its browser has. `is_proven` tells whether it is true.
        """
        if not self._by_name or flow.is_web_socket:
            return ""
        by_contact = self._by_contact.get(getattr(request.uri, "user", None) or "")
        by_certificate = flow.peer if flow.peer in self._by_name else ""
        return by_contact or by_certificate or self._by_network(flow.remote[0])

    def is_proven(self, name: str, flow: Flow) -> bool:
        """Whether what came by this flow may be the trunk's.

        Of a trunk that must show its certificate neither source nor contact is proof.
        """
        return not self[name].terms.mutual_tls or flow.peer == name

    def _by_network(self, host: str) -> str:
        known = self._sources.get(host)
        if known is None:
            if len(self._sources) >= SOURCES:
                self._sources.clear()
            known = self._sources[host] = self._find_network(host)
        return known

    def _find_network(self, host: str) -> str:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return ""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        for trunk in self:
            if any(address in network for network in trunk.terms.networks):
                return trunk.name
        return ""
