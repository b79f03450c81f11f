"""The front of the core: octets and timers in, effects out (RFC 3261 sections 8, 9, 12 and 18).

    receive(data, flow)       octets that came: one datagram, or one message of a stream
    fire(owner, timer)        a timer that a `SetTimer` asked for
    transport_failed(owner)   a `Send` that found no way

A request that belongs to no transaction and no dialog is passed up as `NewRequest` before anything
is allocated, so that a flood of requests costs no memory. The code above answers it statelessly, or
accepts it. The core has no clock and makes no random numbers: both are given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from softswitch.sip.dialog.dialog import DialogEntry, DialogParty, Dialogs, dialog_of_stray
from softswitch.sip.dialog.invite_incoming import IncomingInvite
from softswitch.sip.dialog.invite_outgoing import OutgoingInvite
from softswitch.sip.dialog.session_timer import is_too_short
from softswitch.sip.effects import Effect, Flow, Owner, PassUp, Send
from softswitch.sip.element import METHODS, NO_TIMER, Element, SessionTerms
from softswitch.sip.events import NewRequest, ResponseEvent, UsageEvent
from softswitch.sip.message.address import Address
from softswitch.sip.message.body import SDP
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import (
    MalformedMessage,
    Request,
    Response,
    parse_message,
    response_to,
)
from softswitch.sip.message.parameters import NONE
from softswitch.sip.message.sanity import check_request, check_response
from softswitch.sip.message.uri import Uri, bracketed, is_sips
from softswitch.sip.requests.geolocation import Content
from softswitch.sip.requests.outside import MakeCredentials, Outside
from softswitch.sip.requests.screening import (
    SIPS_NOT_ALLOWED,
    is_insecure,
    refusal,
    unsupported_by,
)
from softswitch.sip.transaction.answering import StatelessTags, answer_flow
from softswitch.sip.transaction.layer import server_key
from softswitch.sip.transaction.machine import Event, State
from softswitch.sip.transaction.server import ServerTransaction
from softswitch.telemetry.metrics import Metric


class Endpoint(Element):
    """An element with its dialogs, and what the driver and the code above call."""

    def __init__(
        self,
        *,
        tokens: Callable[[], str],
        pick: Callable[[int, int], int],
        advertise: Callable[[Flow], tuple[str, int]] | None = None,
        methods: Sequence[str] = METHODS,
        extensions: Iterable[str] = (),
        session: SessionTerms = NO_TIMER,
        most_transactions: int = 100_000,
    ) -> None:
        """Make an endpoint.

        The parameters are those of `Element`; beyond `most_transactions` of our peers new requests
        get 503, except for BYE.
        """
        super().__init__(
            tokens=tokens,
            pick=pick,
            advertise=advertise,
            methods=methods,
            extensions=extensions,
            session=session,
        )
        self.dialogs = Dialogs()
        self.most_transactions = most_transactions
        self.dropped = 0
        "Messages that were no answerable SIP, or strays."
        self.tags = StatelessTags(tokens())

    # ------------------------------------------------------------ called by the driver

    def receive(self, data: bytes, flow: Flow) -> list[Effect]:
        """Take one datagram, or one message that was cut out of a stream."""
        out: list[Effect] = []
        request: Request | None = None
        try:
            message = parse_message(data)
            if isinstance(message, Request):
                request = message
                self._receive_request(request, flow, out)
            else:
                self._receive_response(message, flow, out)
        except MalformedMessage as error:
            self._refuse_malformed(error.request, error, flow, out)
        except MessageError as error:
            self._refuse_malformed(request, error, flow, out)
        return out

    def fire(self, owner: Owner, timer: str) -> list[Effect]:
        """Take a timer; one that is no longer of interest has no effects."""
        out: list[Effect] = []
        owner.fire(timer, out)
        return out

    def transport_failed(self, owner: Owner) -> list[Effect]:
        """Take the news that a `Send` of this owner found no way."""
        out: list[Effect] = []
        owner.transport_failed(out)
        return out

    def connection_gone(self, flow: Flow) -> list[Effect]:
        """Give up the INVITEs that a connection has taken, and whose phone has said nothing.

        They are on a wire that has been cut; what leads to a dialog already may still be answered
        by another one.
        """
        out: list[Effect] = []
        for transaction in list(self.layer.clients.values()):
            is_lost = transaction.flow == flow and transaction.state is State.CALLING
            if is_lost and transaction.request.to.tag is None:
                transaction.transport_failed(out)
        return out

    # ------------------------------------------------------------ called by the code above

    def accept(self, request: Request, flow: Flow) -> tuple[ServerTransaction, list[Effect]]:
        """Create the transaction of a `NewRequest` that is no INVITE for a leg.

        From now on repeats are absorbed; `respond` must follow.
        """
        out: list[Effect] = []
        return self.layer.accept(request, answer_flow(request, flow), None, out), out

    def respond(self, transaction: ServerTransaction, response: Response) -> list[Effect]:
        """Send a response in an accepted transaction; raises TransactionError after the final."""
        out: list[Effect] = []
        self.tags.add(transaction.request, response)
        self.layer.respond(transaction, response, out)
        return out

    def respond_statelessly(self, request: Request, response: Response, flow: Flow) -> list[Effect]:
        """Send a response and remember nothing; a repeated request gets the same To tag."""
        self.tags.add(request, response)
        return [Send(response.to_bytes(), answer_flow(request, flow))]

    def request(
        self,
        request: Request,
        flow: Flow,
        receiver: Callable[[ResponseEvent], None],
        credentials: MakeCredentials | None = None,
    ) -> list[Effect]:
        """Send a request outside dialogs, complete but for its Via.

        `receiver` is told `Responded` for the final response, or `NoResponse`.
        """
        out: list[Effect] = []
        Outside(self, request, flow, receiver=receiver, credentials=credentials, out=out)
        return out

    def invite(
        self,
        receiver: Callable[[UsageEvent], None],
        out: list[Effect],
        *,
        target: Uri,
        flow: Flow,
        from_: Address,
        to: Address,
        route: Sequence[str] = (),
        headers: Iterable[tuple[str, str]] = (),
        sdp: bytes | None = None,
        content: Content | None = None,
        max_forwards: int = 70,
        credentials: MakeCredentials | None = None,
    ) -> OutgoingInvite:
        """Send an INVITE. Parameters of `from_` and `to` are not looked at.

        `content` is the body where that holds more than `sdp`.
        """
        tag = self.token()
        local = f"{from_.with_parameters(NONE)};tag={tag}"
        scheme = "sips" if is_sips(target) else "sip"
        contact = self.contact(flow, getattr(from_.uri, "user_text", None), scheme)
        items = [
            ("Max-Forwards", str(max_forwards)),
            ("From", local),
            ("To", str(to.with_parameters(NONE))),
            ("Call-ID", self.token()),
            ("CSeq", "1 INVITE"),
            ("Contact", contact),
            *[("Route", hop) for hop in route],
            *(self.capabilities if sdp else self.late_capabilities),
            *headers,
        ]
        if content is None:
            content = Content(SDP, sdp or b"")
        items += content.headers
        if content.body:
            items.append(("Content-Type", content.kind))
        request = Request("INVITE", target, items, content.body)
        return OutgoingInvite(
            self,
            self.dialogs,
            request=request,
            flow=flow,
            receiver=receiver,
            out=out,
            local=DialogParty(tag, local),
            contact=contact,
            credentials=credentials,
        )

    def incoming(
        self, new: NewRequest, receiver: Callable[[UsageEvent], None], out: list[Effect]
    ) -> IncomingInvite:
        """Accept an INVITE for a leg: its transaction is created and sends 100."""
        return IncomingInvite(
            self,
            self.dialogs,
            request=new.request,
            flow=new.flow,
            receiver=receiver,
            out=out,
        )

    def metrics(self) -> Iterator[Metric]:
        """What is alive, and what was dropped."""
        yield Metric(
            "sip_messages_dropped_total",
            "SIP messages that were no answerable SIP, or strays",
            lambda: self.dropped,
        )
        for name, text, alive in (
            ("client_transactions", "SIP client transactions alive", self.layer.clients),
            ("server_transactions", "SIP server transactions alive", self.layer.servers),
            ("dialogs", "SIP dialogs alive", self.dialogs),
        ):
            yield Metric(name, text, alive.__len__)

    # ------------------------------------------------------------ what comes

    def _receive_request(self, request: Request, flow: Flow, out: list[Effect]) -> None:
        seen = request.via
        via = seen.arrived_from(*flow.remote)
        if via is not seen:
            request.set_top_via(via)
        method = request.method
        layer = self.layer
        if method == "ACK":
            self._receive_ack(request, out)
            return
        transaction = layer.servers.get(server_key(request, via, method))
        if transaction is not None:
            transaction.feed(Event.REQUEST, None, out)
            return
        error = check_request(request)
        if error is not None:
            raise error
        if method == "CANCEL":
            self._receive_cancel(request, flow, out)
        elif unsupported := unsupported_by(request, self.extensions):
            headers = [("Unsupported", ", ".join(unsupported))]
            self._refuse(request, 420, flow, out, headers=headers)
        elif method in ("INVITE", "UPDATE") and is_too_short(request, self.session):
            least = [("Min-SE", str(self.session.min_se))]
            self._refuse(request, 422, flow, out, headers=least)
        elif is_insecure(request, flow):
            self._refuse(request, 480, flow, out, headers=[SIPS_NOT_ALLOWED])
        elif len(layer.servers) >= self.most_transactions and method != "BYE":
            self._refuse(request, 503, flow, out, headers=[("Retry-After", "10")])
        elif request.to.tag is not None and method != "REGISTER":
            self._receive_in_dialog(request, flow, out)
        else:
            self._receive_new(request, flow, out)

    def _receive_new(self, request: Request, flow: Flow, out: list[Effect]) -> None:
        status = refusal(request, self.layer)
        if status is None:
            out.append(PassUp(NewRequest(request, flow)))
        else:
            self._refuse(request, status, flow, out)

    def _receive_in_dialog(self, request: Request, flow: Flow, out: list[Effect]) -> None:
        found = self._dialog_of(request)
        if found is None:
            self._refuse(request, 481, flow, out)
        elif found.dialog.flow.is_secure and not flow.is_secure and request.method != "BYE":
            # Our answer may hold keys, and everybody on the way could read them.
            self._refuse(request, 403, flow, out)
        else:
            dialog, user = found
            user.receive_request(dialog, request, answer_flow(request, flow), out)

    def _receive_ack(self, ack: Request, out: list[Effect]) -> None:
        transaction = self.layer.servers.get(server_key(ack, ack.via, "INVITE"))
        if transaction is not None:
            transaction.feed(Event.ACK, ack, out)
            return
        found = self._dialog_of(ack)
        if found is not None:
            found.user.receive_ack(None, ack, out)
        elif not self.tags.answered(ack):
            self.dropped += 1

    def _receive_cancel(self, cancel: Request, flow: Flow, out: list[Effect]) -> None:
        invite = self.layer.servers.get(server_key(cancel, cancel.via, "INVITE"))
        if invite is None:
            self._refuse(cancel, 481, flow, out)
            return
        transaction = self.layer.accept(cancel, answer_flow(cancel, flow), None, out)
        user = invite.user
        tag = self.tags.of(cancel) if user is None else user.local_tag
        self.layer.respond(transaction, response_to(cancel, 200, to_tag=tag), out)
        if user is not None:
            user.receive_cancel(invite, cancel, out)
        elif invite.state is State.PROCEEDING:
            self.layer.respond(invite, response_to(invite.request, 487, to_tag=tag), out)

    def _receive_response(self, response: Response, flow: Flow, out: list[Effect]) -> None:
        # Checked before any state changes, so that a broken response is dropped as a whole.
        if check_response(response) is not None or len(response.vias) != 1:
            self.dropped += 1
        elif not self.layer.receive_response(response, out):
            if 200 <= response.status < 300 and response.cseq.method == "INVITE":
                self._end_stray(response, flow, out)
            self.dropped += 1

    def _end_stray(self, response: Response, flow: Flow, out: list[Effect]) -> None:
        """Acknowledge the 2xx of a call that is dead here and say goodbye to it.

        Both go out once, to where the 2xx came from: an invented 2xx gains its sender nothing.
        """
        host, port = self.advertise(flow)
        if response.via.sent_by == f"{bracketed(host)}:{port}":
            dialog = dialog_of_stray(response, flow)
            if dialog is not None and dialog.id not in self.dialogs:
                ack = dialog.next_request("ACK", cseq=response.cseq.number)
                out.append(Send(self.write(ack, flow), flow))
                out.append(Send(self.write(dialog.next_request("BYE"), flow), flow))

    def _dialog_of(self, request: Request) -> DialogEntry | None:
        key = (request.call_id, request.to.tag or "", request.from_.tag or "")
        return self.dialogs.get(key)

    def _refuse_malformed(
        self, request: Request | None, error: MessageError, flow: Flow, out: list[Effect]
    ) -> None:
        """Answer a broken request, if what an answer needs can be read."""
        if request is None or request.method == "ACK" or "Via" not in request.headers:
            self.dropped += 1
            return
        self._refuse(request, error.status, flow, out, reason=error.phrase)

    def _refuse(
        self,
        request: Request,
        status: int,
        flow: Flow,
        out: list[Effect],
        *,
        headers: Iterable[tuple[str, str]] = (),
        reason: str | None = None,
    ) -> None:
        response = response_to(request, status, reason, to_tag=None, headers=headers)
        out += self.respond_statelessly(request, response, flow)
