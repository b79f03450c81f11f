"""One SIP element as everything that sends sees it: its name, its abilities, its transactions.

RFC 3261 sections 6 and 8.1.1. Requests in dialogs and outside of them are sent through it, so that
it alone writes Via and Contact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from softswitch.sip.effects import INSIDE_LINE, Effect, Flow
from softswitch.sip.message.grammar import MAGIC_COOKIE
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.message.uri import bracketed
from softswitch.sip.transaction.client import ClientTransaction, ClientUser
from softswitch.sip.transaction.layer import Layer
from softswitch.sip.transaction.server import ServerTransaction

METHODS = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "PRACK",
    "REGISTER",
    "MESSAGE",
)
"What Allow says by default."

KNOWN = frozenset((*METHODS, "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH"))
"A method from here that is not allowed is answered with 405, another one with 501."

SMALLEST_MIN_SE = 90
"The least that Min-SE may say, and what it means when it is not there (RFC 4028 section 5)."


class SessionTerms(NamedTuple):
    """What we want of session timers (RFC 4028), seconds."""

    expires: int = 1800
    "The interval that we ask for; 0: we ask for none, and keep to what a peer asks."
    min_se: int = SMALLEST_MIN_SE
    "The shortest interval that we agree to; 0: we know nothing of session timers."


NO_TIMER = SessionTerms(0, 0)
"The terms of the inside line, where the switch talks to itself."


class Element:
    """What the requests of one SIP element have in common."""

    def __init__(
        self,
        *,
        tokens: Callable[[], str],
        pick: Callable[[int, int], int],
        advertise: Callable[[Flow], tuple[str, int]] | None = None,
        methods: Sequence[str] = METHODS,
        extensions: Iterable[str] = (),
        session: SessionTerms = NO_TIMER,
    ) -> None:
        """Make an element.

        `tokens` makes unguessable lower-case tokens (tags, branches, Call-IDs) of 60 bits or more;
        `pick(low, high)` a random integer, both ends included; `advertise(flow)` names the host
        and port for Via and Contact on a flow (default: its own address); `methods` is what Allow
        says; `extensions` are the option tags that a request may require; `session` is what we
        want of session timers.
        """
        self.token = tokens
        self.pick = pick
        self.layer = Layer()
        self.extensions = frozenset(extensions)
        self.allow = ("Allow", ", ".join(methods))
        self.capabilities = [self.allow, *_supported(self.extensions)]
        "Headers that tell what we can do; they go with INVITE and its 2xx."
        self.late_capabilities = [self.allow, *_supported(self.extensions - {"100rel"})]
        """The same for an INVITE that leaves the offer to the peer: the answer to an offer in a
        reliable response would have to go into its PRACK."""
        self.session = session
        self.advertise = advertise or _own_address

    def session_terms(self, flow: Flow) -> SessionTerms:
        """What we want of the session timer of a dialog on this flow."""
        return NO_TIMER if flow == INSIDE_LINE else self.session

    def send(
        self, request: Request, flow: Flow, user: ClientUser | None, out: list[Effect]
    ) -> ClientTransaction:
        """Put our Via on a request and send it in a new transaction."""
        branch = self.branch()
        request.headers.prepend("Via", self.via(flow, branch))
        return self.layer.request(request, branch, flow, user, out)

    def write(self, request: Request, flow: Flow) -> bytes:
        """Put our Via on a request that has no transaction: the ACK of a 2xx."""
        request.headers.prepend("Via", self.via(flow, self.branch()))
        return request.to_bytes()

    def cancel(
        self, transaction: ClientTransaction, headers: Iterable[tuple[str, str]], out: list[Effect]
    ) -> None:
        """Cancel an INVITE without a final response."""
        self.layer.cancel(transaction, headers, out)

    def contact(self, flow: Flow, user: str | None, scheme: str = "sip") -> str:
        """Write our Contact on a flow; `user` with its escapes, `scheme` is `sip` or `sips`.

        The parameter is `ws` whether TLS carries the WebSocket or not (RFC 7118 section 5.2);
        `sips` says all that `tls` would (RFC 5630 section 3.1.4).
        """
        host, port = self.advertise(flow)
        at = f"{user}@" if user else ""
        name = "ws" if flow.is_web_socket else flow.transport
        is_said = name == "udp" or (name == "tls" and scheme == "sips")
        transport = "" if is_said else f";transport={name}"
        return f"<{scheme}:{at}{bracketed(host)}:{port}{transport}>"

    def refuse_method(self, transaction: ServerTransaction, out: list[Effect]) -> None:
        """Answer a method that is known but not allowed (405), or unknown (501)."""
        request = transaction.request
        status = 405 if request.method in KNOWN else 501
        response = response_to(request, status, to_tag=None, headers=[self.allow])
        self.layer.respond(transaction, response, out)

    def branch(self) -> str:
        """Make the branch of a transaction of ours."""
        return MAGIC_COOKIE + self.token()

    def via(self, flow: Flow, branch: str) -> str:
        """Write our Via on a flow."""
        host, port = self.advertise(flow)
        transport = flow.transport.upper()
        return f"SIP/2.0/{transport} {bracketed(host)}:{port};branch={branch};rport"


def _supported(extensions: frozenset[str]) -> list[tuple[str, str]]:
    return [("Supported", ", ".join(sorted(extensions)))] if extensions else []


def _own_address(flow: Flow) -> tuple[str, int]:
    return flow.local
