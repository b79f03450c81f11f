"""One trunk: our address there, its calls, and the credentials for its challenges.

Digest credentials of a trunk answer challenges of its own realm and no other: a far end that
challenges for a realm of its choice collects hashes to break (CVE-2021-41158).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

import structlog

from softswitch.calls.leg.leg import Leg
from softswitch.calls.leg.media_terms import NO_OWN_TERMS, SrtpTerms
from softswitch.sip.effects import Flow
from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.subscriber import number_of
from softswitch.sip.message.uri import SipUri, sip_uri
from softswitch.sip.requests.digest import ANSWERS, answer, parse_parameters

log = structlog.get_logger("softswitch.trunks")


TRY_AGAIN = 30.0
"Seconds after which a call tries a trunk again that answered none and that nothing else tells of."


class TrunkState(StrEnum):
    """Whether a trunk can be used, as far as is known."""

    UNKNOWN = "unknown"
    UP = "up"
    REFUSED = "refused"
    "The registrar does not take our registration."
    DOWN = "down"


class TrunkFault(NamedTuple):
    """Why a trunk could not be used."""

    reason: str
    at: float
    "Unix time in seconds."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTerms:
    """What the settings say of a trunk."""

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
    digest: tuple[str, ...] | None = None
    "Algorithms of challenges that are answered; None: every one that we know."
    caller_number: str = "*"
    "The user in From; `*` stands for the caller's number."
    registers: bool = False
    expires: int = 3600
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    mutual_tls: bool = False
    "Whether its requests must come over a connection whose certificate is its own."
    calls: int | None = None
    "Calls at a time; None is no bound."
    timeout: float = 4.0
    "Seconds that it may take for its first response to a request."
    keep_alive: float = 30.0
    "Seconds between two OPTIONS; 0 is none."
    srtp: SrtpTerms = NO_OWN_TERMS
    ringback: str = ""
    "An audio file that its callers hear while a phone of ours rings; empty for none."
    country: str = ""
    "Whose tones its callers hear; empty where the settings of all say it."
    trusted: bool = False
    "Whether its P-Asserted-Identity is believed, and it is told that of callers (RFC 3325)."
    diversions: bool = True
    "Whether it is told which numbers did not keep a call."
    proxy: SipUri | None = None
    "The outbound proxy that all its requests go to; None: they go to the server."

    @property
    def path(self) -> tuple[str, ...]:
        """The Route of requests to it."""
        return () if self.proxy is None else (f"<{self.proxy}>",)

    @property
    def registered(self) -> tuple[str, ...]:
        """Which contact it registers for which account, and where; empty where it does not."""
        if not self.registers:
            return ()
        return str(self.proxy or self.server), self.domain, self.username, self.contact_user

    def __repr__(self) -> str:
        return f"<trunk {self.name}>"

    def uri(self, user: str | None) -> SipUri:
        """Somebody there; with the server's port where the domain is the server."""
        port = self.server.port if self.domain == self.server.address else None
        return sip_uri(user, self.domain, port)


class Trunk:
    """One trunk."""

    __slots__ = (
        "_silent", "_silent_until", "_tokens", "answers_calls", "answers_options", "calls", "doubt",
        "failures", "flows", "incoming", "last_fault", "outgoing", "reason", "since", "state",
        "tell", "terms",
    )  # fmt: skip

    def __init__(self, terms: TrunkTerms, tokens: Callable[[], str]) -> None:
        """`tokens` makes unguessable words."""
        self.terms = terms
        self.state = TrunkState.UNKNOWN
        self.reason = ""
        "Why it is in this state; empty where nothing is wrong."
        self.since = time.time()
        "When the state began, in Unix time."
        self.last_fault: TrunkFault | None = None
        "The last one that was told of, also when it is up again."
        self.answers_calls = False
        "Whether it has ever responded to an INVITE of ours, …"
        self.answers_options = False
        "… or to OPTIONS: some trunks leave these unanswered though they take calls."
        self.doubt = asyncio.Event()
        "Set when calls have made it seem to be down: `trunk_watch.py` then looks at once."
        self._silent: set[Flow] = set()
        "Ways on which the last INVITE got no response."
        self._silent_until = 0.0
        self.flows: tuple[Flow, ...] = ()
        "The ways to its servers, the best first; kept up to date by `trunk_watch.py`."
        self.calls = 0
        "Legs that are at it now."
        self.incoming = 0
        self.outgoing = 0
        "INVITEs so far, in and out."
        self.failures = 0
        "INVITEs that another trunk would have had to take."
        self.tell: Callable[[Trunk], None] = _tell_nobody
        "Told of a change of the state; set by `Trunks`."
        self._tokens = tokens

    def change(self, terms: TrunkTerms) -> None:
        """Take changed terms of the same name; calls there go on."""
        is_elsewhere = (terms.server, terms.proxy) != (self.terms.server, self.terms.proxy)
        self.terms = terms
        if is_elsewhere:
            self.flows = ()
            self._silent.clear()
            self.answers_calls = self.answers_options = False
        if is_elsewhere or self.state is not TrunkState.UP:
            self.enter(TrunkState.UNKNOWN)

    @property
    def name(self) -> str:
        """As the settings call it."""
        return self.terms.name

    @property
    def is_full(self) -> bool:
        """Whether no further call may go out."""
        return self.terms.calls is not None and self.calls >= self.terms.calls

    @property
    def is_passed_over(self) -> bool:
        """Whether calls do not even try it: it is known to answer nothing.

        Where only OPTIONS say so, and it has never answered any, calls find out for themselves:
        one of them every now and then.
        """
        if self.state is not TrunkState.DOWN:
            return False
        is_sure = self.terms.registers or self.answers_options
        return is_sure or asyncio.get_running_loop().time() < self._silent_until

    def heard(self, flow: Flow) -> None:
        """Note that an INVITE got a response there."""
        self.answers_calls = True
        self._silent.discard(flow)
        self._silent_until = 0.0
        if not self.terms.registers and self.state is not TrunkState.UP:
            self.enter(TrunkState.UP)

    def unheard(self, flow: Flow, reason: str) -> None:
        """Note that an INVITE got none: the next calls try its other servers first, if any."""
        self._silent.add(flow)
        self._silent_until = asyncio.get_running_loop().time() + TRY_AGAIN
        self.flows = (*(other for other in self.flows if other != flow), flow)
        if self._silent.issuperset(self.flows):
            self.enter(TrunkState.DOWN, reason)
            self.doubt.set()

    def enter(self, state: TrunkState, reason: str = "") -> None:
        """Note a change of state."""
        self.reason = reason
        if reason:
            self.last_fault = TrunkFault(reason, time.time())
        if state is not self.state:
            self.state, self.since = state, time.time()
            say = log.warning if state in (TrunkState.DOWN, TrunkState.REFUSED) else log.info
            say("outside line", trunk=self.name, state=state.value, reason=reason)
            self.tell(self)

    def carry(self, leg: Leg) -> None:
        """Count a leg until it is over."""
        self.calls += 1
        leg.ended.add_done_callback(self._released)

    def _released(self, _: object) -> None:
        self.calls -= 1

    # -- out ---------------------------------------------------------------------------------------

    @property
    def account(self) -> Address:
        """Our address of record there; without an account just the domain."""
        return Address(sip_uri(self.terms.username or None, self.terms.domain))

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
            body=request.body,
            algorithms=terms.digest,
        )
        if header:
            return [header]
        log.warning("challenge not answered", trunk=self.name, method=request.method)
        return ()

    # -- in ----------------------------------------------------------------------------------------

    def dialled(self, request: Request) -> list[str]:
        """The numbers that an INVITE from this trunk may be for, the likeliest first.

        Carriers that we register with send what we registered, or the name of our account, as the
        Request-URI, and name the number in P-Called-Party-ID (RFC 7315 section 4.2) or in To.
        """
        asked = number_of(request.uri)
        called = request.headers.read("P-Called-Party-ID")
        named = [number_of(called.uri)] if isinstance(called, Address) else []
        named.append(number_of(request.to.uri))
        if asked == self.terms.contact_user:
            return named
        return [*named, asked] if asked == self.terms.username else [asked, *named]


def _tell_nobody(_: Trunk) -> None:
    """Nobody wants to hear of it."""


def _is_stale(challenge: str) -> bool:
    """Whether the nonce was too old and the password right (RFC 7616 section 3.3)."""
    try:
        return (parse_parameters(challenge) or {}).get("stale", "").lower() == "true"
    except MessageError:
        return False
