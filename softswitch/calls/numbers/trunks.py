"""Outside lines: who we are there, who may call in by them, and how a number goes out.

A line is known by its name. Calls in are those from its networks, and those for the contact that we
registered with it: its user part cannot be guessed. Digest credentials of a line answer challenges
of its own realm and no other, whoever asks: a far end that challenges for a realm of its choice
collects hashes to break (CVE-2021-41158).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog

from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.routing import Way
from softswitch.calls.numbers.targets import Rounds, Target
from softswitch.sip.effects import Flow
from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.uri import SipUri, sip_uri
from softswitch.sip.requests.digest import ANSWERS, answer, parse_parameters
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.trunks")

PATIENCE = 6.0
"""Seconds without any response after which the next line is tried: an INVITE over UDP has been sent
four times by then."""

SOURCES = 10_000
"Addresses whose line is remembered."


class TrunkState(StrEnum):
    """Whether a line can be used, as far as is known."""

    UNKNOWN = "unknown"
    UP = "up"
    REFUSED = "refused"
    "The registrar does not take our registration."
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTerms:
    """What the settings say of a line."""

    name: str
    server: SipUri
    "Where its requests go: host, port if any, and transport."
    domain: str
    "The host of From and Request-URI."
    realm: str
    contact_user: str
    "The user part of our contact there; unguessable."
    username: str = ""
    password: str = ""
    caller_number: str = "*"
    "What From says; `*` stands for the caller's number."
    registers: bool = False
    expires: int = 3600
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    calls: int | None = None
    "Calls at a time; None is no bound."
    keep_alive: float = 30.0
    "Seconds between two OPTIONS; 0 is none."

    def __repr__(self) -> str:
        return f"<trunk {self.name}>"

    def uri(self, user: str | None) -> SipUri:
        """Somebody there; with the server's port where the domain is the server."""
        port = self.server.port if self.domain == self.server.address else None
        return sip_uri(user, self.domain, port)


class Trunk:
    """One outside line."""

    __slots__ = ("_tokens", "calls", "failures", "flows", "incoming", "outgoing", "state", "terms")

    def __init__(self, terms: TrunkTerms, tokens: Callable[[], str]) -> None:
        """`tokens` makes unguessable words."""
        self.terms = terms
        self.state = TrunkState.UNKNOWN
        self.flows: tuple[Flow, ...] = ()
        "The ways to its servers, the best first; kept up to date by `trunk_watch.py`."
        self.calls = 0
        "Legs that are at it now."
        self.incoming = 0
        self.outgoing = 0
        "INVITEs so far, in and out."
        self.failures = 0
        "INVITEs that another line would have had to take."
        self._tokens = tokens

    @property
    def name(self) -> str:
        """As the settings call it."""
        return self.terms.name

    @property
    def is_full(self) -> bool:
        """Whether no further call may go out."""
        return self.terms.calls is not None and self.calls >= self.terms.calls

    def enter(self, state: TrunkState, reason: str = "") -> None:
        """Note a change of state."""
        if state is not self.state:
            self.state = state
            say = log.warning if state in (TrunkState.DOWN, TrunkState.REFUSED) else log.info
            say("outside line", trunk=self.name, state=state.value, reason=reason)

    def carry(self, leg: Leg) -> None:
        """Count a leg until it is over."""
        self.calls += 1
        leg.ended.add_done_callback(self._released)

    def _released(self, _: object) -> None:
        self.calls -= 1

    # -- out ---------------------------------------------------------------------------------------

    @property
    def account(self) -> Address:
        """Who we are there; without an account just the domain."""
        return Address(sip_uri(self.terms.username or None, self.terms.domain))

    def targets(self, number: str, caller: str, name: str, *, is_ours: bool) -> list[Target]:
        """One target for each of its servers; `is_ours`: the caller is an extension."""
        terms = self.terms
        pattern = terms.caller_number if is_ours or "*" not in terms.caller_number else "*"
        shown = Address(sip_uri(pattern.replace("*", caller), terms.domain), name)
        uri = terms.uri(number)
        return [
            Target(
                uri=uri,
                flow=flow,
                number=number,
                from_=shown,
                to=Address(sip_uri(number, terms.domain)),
                trunk=self,
                patience=PATIENCE,
            )
            for flow in self.flows
        ]

    def credentials(self, request: Request, response: Response) -> Sequence[tuple[str, str]]:
        """Answer a challenge of our own realm; a wrong password is not sent twice."""
        terms = self.terms
        challenges = [
            (header, value)
            for header, value in response.headers.items()
            if header in ANSWERS and (ANSWERS[header] not in request.headers or _is_stale(value))
        ]
        header = terms.password and answer(
            challenges,
            request.method,
            request.uri_text,
            terms.username,
            terms.password,
            realm_expected=terms.realm,
            cnonce=self._tokens(),
        )
        if header:
            return [header]
        log.warning("challenge not answered", trunk=self.name, method=request.method)
        return ()

    # -- in ----------------------------------------------------------------------------------------

    def dialled(self, request: Request) -> str:
        """The number that an INVITE from this line is for.

        Many carriers send the contact that we registered as the Request-URI and name the number in
        To.
        """
        user: str | None = getattr(request.uri, "user", None)
        if user == self.terms.contact_user:
            user = getattr(request.to.uri, "user", None)
        return user or ""


def _is_stale(challenge: str) -> bool:
    """Whether the nonce was too old and the password right (RFC 7616 section 3.3)."""
    try:
        return (parse_parameters(challenge) or {}).get("stale", "").lower() == "true"
    except MessageError:
        return False


TRUNK_METRICS: tuple[tuple[str, str, Callable[[Trunk], float]], ...] = (
    ("trunk_up", "Whether an outside line can be used", lambda t: t.state is TrunkState.UP),
    ("trunk_calls", "Legs at an outside line", lambda trunk: trunk.calls),
    ("trunk_invites_received_total", "Calls in", lambda trunk: trunk.incoming),
    ("trunk_invites_sent_total", "Calls out", lambda trunk: trunk.outgoing),
    ("trunk_failures_total", "Calls out that the line failed", lambda trunk: trunk.failures),
)
"Name, text for people, value."


class Trunks:
    """All outside lines."""

    __slots__ = ("_by_contact", "_by_name", "_sources")

    def __init__(self, trunks: Iterable[Trunk] = ()) -> None:
        self._by_name = {trunk.name: trunk for trunk in trunks}
        self._by_contact = {
            trunk.terms.contact_user: trunk.name for trunk in self if trunk.terms.registers
        }
        self._sources: dict[str, str] = {}

    def __iter__(self) -> Iterator[Trunk]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __getitem__(self, name: str) -> Trunk:
        """The line with that name; raises KeyError."""
        return self._by_name[name]

    def metrics(self) -> Iterator[Metric]:
        """The state and the calls of each trunk."""
        for name, text, value in TRUNK_METRICS:
            yield Metric(name, text, partial(self._each, value), "trunk")

    def _each(self, value: Callable[[Trunk], float]) -> dict[str, float]:
        return {trunk.name: value(trunk) for trunk in self}

    def source(self, request: Request, flow: Flow) -> str:
        """The name of the line that a request comes from; empty for everybody else."""
        if not self._by_name:
            return ""
        by_contact = self._by_contact.get(getattr(request.uri, "user", None) or "")
        return by_contact or self._by_network(flow.remote[0])

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

    def ways_out(
        self, ways: Sequence[Way], caller: str, name: str, *, is_ours: bool = True
    ) -> Rounds:
        """Every server of every line in turn; lines that are not up come last."""
        usable = [
            (trunk, way.number) for way in ways if not (trunk := self._by_name[way.trunk]).is_full
        ]
        usable.sort(key=lambda pair: pair[0].state in (TrunkState.DOWN, TrunkState.REFUSED))
        rounds = [
            (target,)
            for trunk, number in usable
            for target in trunk.targets(number, caller, name, is_ours=is_ours)
        ]
        return Rounds(tuple(rounds), outside=True)
