"""Dialogs: what two parties remember of each other between requests (RFC 3261 section 12).

Which way a request in a dialog goes: by the flow that its INVITE travelled, since the Contact of a
phone behind NAT cannot be reached. Over UDP the address of the next hop is used instead where that
is known to be better: when a route set names a first hop, when the INVITE came without rport (the
peer does not expect answers where it sends from), and when the Contact names another port of the
very address that the flow leads to. All need an address in numbers; for a name the flow stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import NamedTuple, Protocol

from softswitch.sip.effects import Effect, Flow
from softswitch.sip.message.address import Address, parse_address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.uri import SipUri, Uri
from softswitch.sip.transaction.server import ServerTransaction

DialogId = tuple[str, str, str]
"Call-ID, our tag, the peer's tag; an RFC 2543 peer may have none, which is the empty text."


class DialogParty(NamedTuple):
    """From or To of our side, ready to be written; fixed for the life of a dialog."""

    tag: str
    text: str


class Dialog:
    """One dialog; whether it is early or confirmed, its usage knows."""

    __slots__ = (
        "call_id",
        "flow",
        "has_address",
        "local",
        "local_cseq",
        "remote",
        "remote_cseq",
        "routes",
        "target",
    )

    def __init__(
        self,
        call_id: str,
        local: DialogParty,
        remote: DialogParty,
        *,
        target: str,
        flow: Flow,
        routes: Sequence[str] = (),
        local_cseq: int = 0,
        remote_cseq: int | None = None,
        has_address: bool = True,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = target
        "The peer's Contact: the Request-URI of our requests."
        self.flow = flow
        self.has_address = has_address
        "Whether the target names an address of the peer; without a Contact it is only its name."
        self.routes = tuple(routes)
        "The route set, the next hop first."
        self.local_cseq = local_cseq
        "The number of our last request."
        self.remote_cseq = remote_cseq
        "The number of the peer's last request; None before the first."

    @property
    def id(self) -> DialogId:
        """The key of the dialog."""
        return (self.call_id, self.local.tag, self.remote.tag)

    def in_order(self, request: Request) -> bool:
        """Take the CSeq of a request of the peer; False when it is older than the last."""
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Take over the Contact of a target refresh request or of its 2xx (section 12.2)."""
        contact = _contact(message)
        if contact is not None and contact.uri_text != self.target:
            self.target, self.has_address = contact.uri_text, True
            self.follow(self.flow)

    def follow(self, flow: Flow) -> None:
        """Go on by another flow: the peer's request came by a new connection or NAT binding."""
        if not self.routes:
            self.flow = _way(flow, _sip_uri(self.target) if self.has_address else None, ())

    def next_request(
        self,
        method: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        cseq: int | None = None,
    ) -> Request:
        """Make a request of section 12.2.1.1, all but its Via; a number is used up unless given."""
        if cseq is None:
            self.local_cseq = cseq = self.local_cseq + 1
        uri = self.target
        routes: Sequence[str] = self.routes
        items = [
            ("Max-Forwards", "70"),
            ("From", self.local.text),
            ("To", self.remote.text),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
        ]
        if routes:
            if not _is_loose(routes[0]):
                uri, routes = _strict(routes, uri)
            items += [("Route", route) for route in routes]
        items += headers
        return Request(method, uri, Headers.of_canonical(items), body)


class DialogUser(Protocol):
    """The usage that takes the peer's requests in a dialog (RFC 5057 section 3)."""

    def receive_request(
        self, dialog: Dialog, request: Request, flow: Flow, out: list[Effect]
    ) -> None:
        """Take a request, ACK and CANCEL excepted; `flow` is where its responses go."""

    def receive_ack(
        self, transaction: ServerTransaction | None, ack: Request, out: list[Effect]
    ) -> None:
        """Take an ACK; None: of a 2xx, which has no transaction of its own."""


class DialogEntry(NamedTuple):
    """A dialog that is known, and whose it is."""

    dialog: Dialog
    user: DialogUser


class Dialogs(dict[DialogId, DialogEntry]):
    """The dialogs in which the peer's requests are taken."""

    __slots__ = ()

    def add(self, dialog: Dialog, user: DialogUser) -> None:
        """Let the peer's requests find a dialog."""
        self[dialog.id] = DialogEntry(dialog, user)

    def forget(self, dialog: Dialog) -> None:
        """Let them find it no more; harmless when it was forgotten already."""
        known = self.get(dialog.id)
        if known is not None and known.dialog is dialog:
            del self[dialog.id]


def half_dialog(invite: Request, flow: Flow, local: DialogParty) -> Dialog:
    """Make our half of the dialog that an INVITE of ours asks for: the peer has no tag yet."""
    return Dialog(
        invite.call_id,
        local,
        DialogParty("", invite.headers.get("To") or ""),
        target=invite.uri_text,
        flow=flow,
        local_cseq=invite.cseq.number,
    )


def dialog_of_request(invite: Request, flow: Flow, local_tag: str) -> Dialog:
    """Make the dialog that our answer to this INVITE creates (section 12.1.1).

    An RFC 2543 element may send no Contact; it is then reached by its From. Raises MessageError
    when the INVITE has a Contact that is of no use.
    """
    contact = _contact(invite)
    if contact is None and "Contact" in invite.headers:
        raise MessageError("Contact: of no use")
    target = invite.from_ if contact is None else contact
    to = invite.headers.get("To") or ""
    routes = invite.headers.values("Record-Route")
    return Dialog(
        invite.call_id,
        DialogParty(local_tag, f"{to};tag={local_tag}"),
        DialogParty(invite.from_.tag or "", invite.headers.get("From") or ""),
        target=target.uri_text,
        flow=_way(
            flow,
            None if contact is None else contact.uri,
            routes,
            has_rport="rport" in invite.via.parameters,
        ),
        routes=routes,
        remote_cseq=invite.cseq.number,
        has_address=contact is not None,
    )


def dialog_of_response(
    invite: Request, response: Response, flow: Flow, local: DialogParty
) -> Dialog:
    """Make the dialog that this response to our INVITE creates (section 12.1.2)."""
    routes = response.headers.values("Record-Route")[::-1]
    contact = _contact(response)
    return Dialog(
        invite.call_id,
        local,
        DialogParty(response.to.tag or "", response.headers.get("To") or ""),
        target=invite.uri_text if contact is None else contact.uri_text,
        flow=_way(flow, None if contact is None else contact.uri, routes),
        routes=routes,
        local_cseq=invite.cseq.number,
    )


def dialog_of_stray(response: Response, flow: Flow) -> Dialog | None:
    """Make the dialog of a 2xx to an INVITE that nobody remembers; None when it cannot be."""
    contact, tag = _contact(response), response.from_.tag
    if contact is None or tag is None:
        return None
    return Dialog(
        response.call_id,
        DialogParty(tag, response.headers.get("From") or ""),
        DialogParty(response.to.tag or "", response.headers.get("To") or ""),
        target=contact.uri_text,
        flow=flow,
        routes=response.headers.values("Record-Route")[::-1],
        local_cseq=response.cseq.number,
    )


def _strict(routes: Sequence[str], target: str) -> tuple[str, list[str]]:
    """Serve a strict router of RFC 2543: it wants itself in the Request-URI."""
    return parse_address(routes[0]).uri_text, [*routes[1:], f"<{target}>"]


def _is_loose(route: str) -> bool:
    uri = _sip_uri(route)
    return uri is None or "lr" in uri.parameters


def _sip_uri(hop: str) -> SipUri | None:
    """Read a route or a URI of the peer; None when it is none that we could follow."""
    try:
        uri = parse_address(hop).uri
    except MessageError:
        return None
    return uri if isinstance(uri, SipUri) else None


def _contact(message: Request | Response) -> Address | None:
    """Return the Contact; one that cannot be read counts as none."""
    try:
        contact = message.contact
        return contact if contact is not None and contact.uri else None
    except MessageError:
        return None


def _way(flow: Flow, target: Uri | None, routes: Sequence[str], *, has_rport: bool = True) -> Flow:
    """Find the way of our requests, as the module says; always from the same socket."""
    if flow.transport != "udp":
        return flow
    uri = _sip_uri(routes[0]) if routes else target
    if not isinstance(uri, SipUri):
        return flow
    remote = (uri.address, uri.port or 5060)
    if remote == flow.remote:
        return flow
    if not routes and has_rport and uri.address != flow.remote[0]:
        return flow
    return flow._replace(remote=remote) if _is_unicast(uri.address) else flow


def _is_unicast(host: str) -> bool:
    """Tell whether this is an address in numbers that one host may have."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)
