"""The gate for every request outside a dialog: bans, rate, digest, identity.

RFC 3261 section 22, RFC 7616. Before a password has been verified, nothing is kept but rows in
bounded tables. All methods are challenged with 401 and WWW-Authenticate: the switch is a user agent
towards each phone, not a proxy (section 22.2), and phones take a 401 to any method. ACK and CANCEL
cannot be challenged; requests inside a dialog do not come here.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from softswitch.guard.accounts import Account, Accounts
from softswitch.guard.bans import Bans
from softswitch.guard.events import SecurityEvent, SecurityEvents, written
from softswitch.guard.rates import Network, Rates, RequestSource, RequestSources
from softswitch.guard.unanswered import UnansweredChallenges
from softswitch.sip.effects import Flow
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.subscriber import number_of, written_number
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.sip.requests.digest import Credentials, challenge, expected, parse_credentials, raw
from softswitch.sip.requests.nonce import Judgement, Nonces, NonceVerdict
from softswitch.sip.requests.privacy import is_anonymous


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request comes from the user or trunk that it names."""

    user: str
    "The extension that authenticated; for a request of a trunk, the caller that it names."
    trunk: str = ""
    "The name of the trunk that the request comes from; empty for our own phones."


@dataclass(frozen=True, slots=True)
class Refused:
    """The request is answered with this response, without a transaction."""

    response: Response


@dataclass(frozen=True, slots=True)
class Dropped:
    """The request is not answered."""


Decision = Admitted | Refused | Dropped

_DROPPED = Dropped()
_OUTDATED = SecurityEvent.CHALLENGE_RESPONSE_FAILED
_UNEXPECTED = SecurityEvent.UNEXPECTED_ADDRESS
_PROVEN = (NonceVerdict.FRESH, NonceVerdict.EXPIRED)
"Verdicts that prove that the sender is where its packet says: our challenge has reached it there."

ANONYMOUS = "anonymous"
"The number of a caller that gives none (RFC 3323 section 4.1)."

FROM_TRUNKS = frozenset(("INVITE", "OPTIONS"))
"Methods that a trunk may send without a password: calls, and OPTIONS."


class _Arrived(NamedTuple):
    """One request at the gate."""

    request: Request
    flow: Flow
    source: RequestSource
    now: float


def _nobody(request: Request, flow: Flow) -> str:
    """Know no trunk."""
    return ""


def _always(trunk: str, flow: Flow) -> bool:
    """Believe every source."""
    return True


class Gate:
    """Decides about requests; `now` is in seconds of any one clock, best the wall clock.

    `domains`: hosts that the From or To of a user may name; None takes any host, for only the user
    part is passed on.
    """

    def __init__(
        self,
        accounts: Accounts,
        nonces: Nonces,
        *,
        rates: Rates,
        bans: Bans,
        unproven: Bans,
        key: bytes,
        events: SecurityEvents | None = None,
        unanswered: UnansweredChallenges | None = None,
        trusted: Iterable[Network] = (),
        domains: Iterable[str] | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        trunk_of: Callable[[Request, Flow], str] = _nobody,
        proves: Callable[[str, Flow], bool] = _always,
    ) -> None:
        """`trunk_of` names the trunk that a request says it is from; empty for none.

        `proves` tells whether the flow is proof enough of that.

        Every wrong response is counted, whatever its nonce: by `bans` where its sender has proved
        its address, else by `unproven`, whose bans drop only what comes without that proof. So
        nobody locks out a phone by packets with the address of that phone.
        """
        self.accounts = accounts
        self.events = events or SecurityEvents()
        self.unanswered = unanswered or UnansweredChallenges()
        self._nonces = nonces
        self._rates = rates
        self._bans = bans
        self._unproven = unproven
        self._key = key[:64]
        self._sources = RequestSources(trusted)
        self._domains = None if domains is None else frozenset(host.lower() for host in domains)
        self._entropy = entropy
        self._trunk_of = trunk_of
        self._proves = proves

    def check(self, request: Request, flow: Flow, now: float) -> Decision:
        """Decide about a request that belongs to no transaction and no dialog."""
        if request.method == "ACK":
            return _DROPPED
        claimed = self._from_trunk(request, flow)
        if claimed is not None and self._proves(claimed.trunk, flow):
            return claimed
        source = self._sources.find(flow.remote[0])
        asked = _Arrived(request, flow, source, now)
        if self._bans.refuses(source):
            return _DROPPED
        if not source.trusted and not self._rates.take(source.key, now):
            self._report(SecurityEvent.FAILED_ACL, asked)
            return _DROPPED
        try:
            decision = self._decide(asked) if claimed is None else self._disown(asked, claimed)
        except MessageError as error:
            self._report(SecurityEvent.REQUEST_BAD_FORMAT, asked)
            return self._refuse(request, error.status)
        if isinstance(decision, Admitted) and not source.trusted:
            self._rates.give_back(source.key)
        return decision

    def forget(self, now: float) -> None:
        """Forget what is too old to matter for any decision."""
        self._nonces.forget(now)
        self._rates.forget(now)
        self.events.forget(now)

    def _from_trunk(self, request: Request, flow: Flow) -> Admitted | None:
        """What a trunk sends, as it says; a request with credentials for us is from a phone."""
        if request.method not in FROM_TRUNKS or "Authorization" in request.headers:
            return None
        try:
            trunk = self._trunk_of(request, flow)
            caller = number_of(request.from_.uri) if trunk else ""
        except MessageError:
            return None
        return Admitted(caller or ANONYMOUS, trunk) if trunk else None

    def _disown(self, asked: _Arrived, claimed: Admitted) -> Refused:
        """Refuse what says that it is from a trunk, and does not prove it."""
        self._report(SecurityEvent.REQUEST_NOT_ALLOWED, asked, claimed.trunk)
        return self._refuse(asked.request, 403)

    def _decide(self, asked: _Arrived) -> Decision:
        request, flow, source, _ = asked
        method = request.method
        if method == "CANCEL" or (method != "REGISTER" and request.to.tag is not None):
            return self._refuse(request, 481)
        credentials = self._credentials(request)
        if credentials is None:
            self._report(SecurityEvent.CHALLENGE_SENT, asked)
            return self._challenge_claimed(asked)
        if self._bans.refuses(source, credentials.username):
            return _DROPPED
        if not _is_for(credentials.uri, request, flow):
            self._report(SecurityEvent.REQUEST_BAD_FORMAT, asked, credentials.username)
            return self._refuse(request, 400)
        return self._authenticate(asked, credentials)

    def _credentials(self, request: Request) -> Credentials | None:
        """The first digest credentials for our realm."""
        if "Authorization" not in request.headers:
            return None
        for value in request.headers.get_all("Authorization")[:4]:
            credentials = parse_credentials(value)
            if credentials is not None and credentials.realm == self.accounts.realm:
                return credentials
        return None

    def _authenticate(self, asked: _Arrived, credentials: Credentials) -> Decision:
        request, flow, source, now = asked
        algorithm = credentials.algorithm
        self.unanswered.answered(source.key, credentials.username)
        account, known = self.accounts.find(credentials.username)
        if algorithm is None or algorithm.name not in account.secrets or credentials.qop != "auth":
            self._report(SecurityEvent.AUTH_METHOD_NOT_ALLOWED, asked, credentials.username)
            return self._challenge(asked, account)
        verdict, issued_at = self._nonces.judge(credentials.nonce, now, source.key)
        is_proven = flow.transport != "udp" or verdict in _PROVEN
        bans = self._bans if is_proven else self._unproven
        if bans.refuses(source, credentials.username):
            return _DROPPED
        # The same work whether the user exists or not.
        proof = expected(credentials, algorithm, account.secrets[algorithm.name], request.method)
        if hmac.compare_digest(proof, credentials.response) and known:
            return self._right(asked, credentials, account, Judgement(verdict, issued_at))
        bans.wrong(source, credentials.username)
        wrong = SecurityEvent.INVALID_PASSWORD if known else SecurityEvent.INVALID_ACCOUNT_ID
        self._report(wrong, asked, credentials.username)
        return self._challenge(asked, account)

    def _right(
        self, asked: _Arrived, credentials: Credentials, account: Account, judged: Judgement
    ) -> Decision:
        """Decide about a response that is right; its nonce may be too old, or not ours."""
        request, _, source, now = asked
        owns = self._owns(account.extension, request)
        # A refusal leaves the nonce unused: it is sent statelessly, and a repeat gets it again.
        current = judged.verdict is NonceVerdict.FRESH and (
            not owns
            or self._nonces.use(credentials.nonce, judged.issued_at, credentials.nonce_count, now)
        )
        if not current:
            moved = judged.verdict is NonceVerdict.MOVED
            self._report(_UNEXPECTED if moved else _OUTDATED, asked, credentials.username)
            return self._challenge(asked, account, stale=judged.verdict is not NonceVerdict.FORGED)
        self._bans.right(source, credentials.username)
        if not owns:
            self._report(SecurityEvent.REQUEST_NOT_ALLOWED, asked, credentials.username)
            return self._refuse(request, 403)
        self._report(SecurityEvent.SUCCESSFUL_AUTH, asked)
        return Admitted(account.extension)

    def _owns(self, extension: str, request: Request) -> bool:
        """Whether the request speaks for that user: in To of a REGISTER, else in From.

        A caller may hide its name: the credentials tell whose call it is.
        """
        if request.method == "INVITE" and is_anonymous(request.from_):
            return True
        address = request.to if request.method == "REGISTER" else request.from_
        uri = address.uri
        if extension not in (number_of(uri), written_number(uri)):
            return False
        return self._domains is None or not isinstance(uri, SipUri) or uri.host in self._domains

    def _challenge_claimed(self, asked: _Arrived) -> Refused:
        """Challenge a request without credentials as the user that it names is challenged.

        Who names nobody, or hides its number, is challenged as phones are by default.
        """
        request, flow, source, now = asked
        name = raw(_claimed(request))
        if not name:
            return self._challenge(asked, self.accounts.nobody)
        account, known = self.accounts.find(name)
        if known:
            self.unanswered.challenged(
                source.key,
                name,
                method=request.method,
                remote=written(flow.transport, flow.remote),
                algorithms=tuple(account.secrets),
                now=now,
            )
        return self._challenge(asked, account)

    def _challenge(self, asked: _Arrived, account: Account, *, stale: bool = False) -> Refused:
        nonce = self._nonces.issue(asked.now, self._entropy(8), asked.source.key)
        realm, algorithms = self.accounts.realm, account.algorithms
        if asked.flow.is_web_socket:
            # JsSIP and SIP.js read the last challenge only, and know nothing but MD5.
            algorithms = tuple(sorted(algorithms, key=lambda each: each.name == "MD5"))
        headers = [
            ("WWW-Authenticate", challenge(algorithm, realm, nonce, stale=stale))
            for algorithm in algorithms
        ]
        return self._refuse(asked.request, 401, headers)

    def _refuse(
        self, request: Request, status: int, headers: Iterable[tuple[str, str]] = ()
    ) -> Refused:
        return Refused(response_to(request, status, to_tag=self._tag(request), headers=headers))

    def _tag(self, request: Request) -> str:
        """The same tag for every copy of a request, computed and not kept (section 8.2.7)."""
        name = f"{request.call_id} {request.headers.get('Via')}"
        return blake2b(name.encode("utf-8", "replace"), key=self._key, digest_size=6).hexdigest()

    def _report(
        self,
        event: SecurityEvent,
        asked: _Arrived,
        account: str = "",
    ) -> None:
        self.events.report(event, asked.request, asked.flow, asked.now, account=account)


def _claimed(request: Request) -> str:
    """The user that a request says it comes from; empty where it says none or is unreadable."""
    try:
        uri = (request.to if request.method == "REGISTER" else request.from_).uri
    except MessageError:
        return ""
    name = number_of(uri)
    return "" if name.lower() == ANONYMOUS else name


def _is_for(text: str, request: Request, flow: Flow) -> bool:
    """Whether the digest's uri is that of the request (RFC 3261 section 22.4, RFC 7616 3.4.1).

    Stacks drop the port, the parameters, or (SIPp) all but the address that they send to; what
    remains must not name another host or another user.
    """
    if text == request.uri_text:
        return True
    uri, target = parse_uri(text), request.uri
    if uri.equivalent(target):
        return True
    if not isinstance(uri, SipUri) or not isinstance(target, SipUri):
        return False
    return _host_fits(uri, target, flow) and (
        uri.user is None or number_of(uri) == number_of(target)
    )


def _host_fits(uri: SipUri, target: SipUri, flow: Flow) -> bool:
    return uri.host == target.host or uri.address == flow.local[0]
