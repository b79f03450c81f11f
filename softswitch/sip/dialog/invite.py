"""The INVITE usage of a dialog: what both sides may do once it stands (RFC 3261 sections 13 to 15).

A usage (the word is RFC 5057's) lives from the INVITE to the end of its BYE. This module has what
both directions share: the peer's requests inside the dialog, its offers, and the end. How a dialog
comes to be is in `invite_incoming` and `invite_outgoing`, what we send in it in `in_dialog`.

Methods append their effects to `out`; the code above calls them through `calls/leg.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from softswitch.sip.dialog.accepted import Unacknowledged
from softswitch.sip.dialog.dialog import Dialog, Dialogs
from softswitch.sip.dialog.in_dialog import Farewell, Inquiry
from softswitch.sip.dialog.reinvite import Reinvite
from softswitch.sip.effects import Effect, Flow, PassUp, Send
from softswitch.sip.element import Element
from softswitch.sip.events import (
    Acknowledged,
    Ended,
    InfoReceived,
    Reoffered,
    RequestReceived,
    ResponseEvent,
    UsageEvent,
)
from softswitch.sip.message.body import KEY_INFO, SDP, sdp_of
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.requests.outside import MakeCredentials
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.server import ServerTransaction

HeaderList = Iterable[tuple[str, str]]


class Phase(StrEnum):
    """Where a usage stands."""

    CALLING = "CALLING"
    "The INVITE has no final response yet."
    ACCEPTED = "ACCEPTED"
    "A 2xx was sent or has come; its ACK was or has not."
    CONFIRMED = "CONFIRMED"
    ENDED = "ENDED"


class UsageError(RuntimeError):
    """We asked a usage for what its phase does not allow, such as a second offer at a time."""


class InviteUsage:
    """What both directions share; `receiver` is told the events of `sip/events.py`."""

    __slots__ = (
        "contact",
        "credentials",
        "dialog",
        "dialogs",
        "element",
        "phase",
        "receiver",
        "reinvite",
        "reoffer",
        "unacknowledged",
        "waiting",
        "wants",
    )

    is_caller: bool
    "Whether the INVITE was ours: then the Call-ID is, too."

    def __init__(
        self,
        element: Element,
        dialogs: Dialogs,
        *,
        dialog: Dialog,
        receiver: Callable[[UsageEvent], None],
        contact: str,
        credentials: MakeCredentials | None = None,
    ) -> None:
        self.element = element
        self.dialogs = dialogs
        "Where the peer's requests find theirs."
        self.dialog = dialog
        "Of an INVITE of ours our half of it, until a 2xx brings the other."
        self.receiver = receiver
        self.contact = contact
        "Our Contact, ready to be written."
        self.credentials = credentials
        "Answers the challenges of a trunk; None: a challenge is a refusal."
        self.phase = Phase.CALLING
        self.unacknowledged: Unacknowledged | None = None
        self.reoffer: ServerTransaction | None = None
        "The peer's re-INVITE or UPDATE that waits for our answer."
        self.reinvite: Reinvite | None = None
        "Our own re-INVITE under way."
        self.waiting: list[ServerTransaction] = []
        "What was passed up as `RequestReceived` and is not answered yet."
        self.wants: frozenset[str] = frozenset()
        "Methods that the user takes as `RequestReceived`; others are refused."

    @property
    def local_tag(self) -> str:
        """Our tag in the dialog."""
        return self.dialog.local.tag

    @property
    def has_dialog(self) -> bool:
        """Whether the dialog has both halves, so that requests can be sent in it."""
        raise NotImplementedError

    def tell(self, event: UsageEvent, out: list[Effect]) -> None:
        """Pass an event up."""
        out.append(PassUp(event, self.receiver))

    # ------------------------------------------------------------ what the user does

    def offer(self, sdp: bytes | None, headers: HeaderList, out: list[Effect]) -> None:
        """Send a re-INVITE; `Reinvited` tells how it ended.

        Raises UsageError before there is a dialog, and while another one is under way.
        """
        self._require_dialog()
        if self.reinvite is not None:
            raise UsageError("a re-INVITE is under way")
        self.reinvite = Reinvite(self, self.dialog, sdp, tuple(headers))
        self.reinvite.start(out)

    def withdraw_offer(self, out: list[Effect]) -> None:
        """Cancel our re-INVITE; its end is still told."""
        if self.reinvite is not None:
            self.reinvite.cancel(out)

    def answer_reoffer(self, sdp: bytes, headers: HeaderList, out: list[Effect]) -> bool:
        """Accept the peer's re-INVITE or UPDATE; False when it was withdrawn meanwhile."""
        transaction, self.reoffer = self.reoffer, None
        if transaction is None:
            return False
        request = transaction.request
        is_invite = request.method == "INVITE"
        self._respond(transaction, 200, out, [*self._capabilities(), *headers], body=sdp)
        if is_invite:
            self.await_ack(transaction, request, out)
        return True

    def refuse_reoffer(self, status: int, headers: HeaderList, out: list[Effect]) -> None:
        """Refuse the peer's re-INVITE or UPDATE; nothing else changes (section 14.2)."""
        transaction, self.reoffer = self.reoffer, None
        if transaction is not None:
            self._respond(transaction, status, out, headers)

    def ask(
        self,
        method: str,
        headers: HeaderList,
        body: bytes,
        receiver: Callable[[ResponseEvent], None],
        out: list[Effect],
    ) -> None:
        """Send a request in the dialog; `receiver` is told `Responded` or `NoResponse`.

        Raises UsageError before there is a dialog.
        """
        self._require_dialog()
        Inquiry(self, self.dialog, method, tuple(headers), body, receiver=receiver).start(out)

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        headers: HeaderList,
        body: bytes,
        out: list[Effect],
    ) -> None:
        """Answer a `RequestReceived`; harmless when the usage has ended and answered by itself."""
        if transaction in self.waiting:
            if status >= 200:
                self.waiting.remove(transaction)
            self._respond(transaction, status, out, headers, body=body)

    def hangup(self, headers: HeaderList, status: int, out: list[Effect]) -> None:
        """End the usage from whatever state; nothing is told."""
        raise NotImplementedError

    def acknowledge(self, sdp: bytes | None, out: list[Effect]) -> None:
        """Send the ACK that answers the peer's late offer."""
        if self.reinvite is not None:
            self.reinvite.acknowledge(sdp, out)

    # ------------------------------------------------------------ what the peer does

    def receive_request(
        self, dialog: Dialog, request: Request, flow: Flow, out: list[Effect]
    ) -> None:
        """Take a request of the peer in one of our dialogs, ACK and CANCEL excepted."""
        if not dialog.in_order(request):
            response = response_to(request, 500, to_tag=None)
            out.append(Send(response.to_bytes(), flow))
            return
        transaction = self.element.layer.accept(request, flow, self, out)
        method = request.method
        if self.phase is Phase.ENDED:
            # The BYEs crossed, or the peer has not seen ours yet.
            self._respond(transaction, 200 if method == "BYE" else 481, out)
        elif method in _HANDLERS:
            _HANDLERS[method](self, dialog, transaction, request, out)
        elif method in self.wants:
            if method == "REFER":
                dialog.refresh_target(request)
            self.waiting.append(transaction)
            self.tell(RequestReceived(request, transaction), out)
        else:
            self.element.refuse_method(transaction, out)

    def receive_ack(
        self, transaction: ServerTransaction | None, ack: Request, out: list[Effect]
    ) -> None:
        """Take an ACK; only that of the 2xx that waits for it means anything."""
        waiting = self.unacknowledged
        if waiting is not None and ack.cseq.number == waiting.cseq:
            self._acknowledged(sdp_of(ack), out)

    def receive_cancel(
        self, transaction: ServerTransaction, cancel: Request, out: list[Effect]
    ) -> None:
        """Let the peer withdraw its re-INVITE."""
        if transaction is self.reoffer:
            self.reoffer = None
            self._respond(transaction, 487, out)

    def transaction_failed(
        self,
        transaction: ServerTransaction | ClientTransaction,
        reason: str,
        out: list[Effect],
    ) -> None:
        """Go on: a lost response is repeated or asked for again, a lost dialog shows later."""

    def receive_bye(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """End the usage as the peer wishes."""
        self._respond(transaction, 200, out)
        self.close(out)
        self.dialogs.forget(dialog)
        self.tell(Ended(True, "BYE", request.headers), out)

    def receive_invite(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Take a re-INVITE: pass it up unless another offer is open (section 14.2)."""
        waiting = self.unacknowledged
        if self.reoffer is not None or (self.phase is Phase.CALLING and not self.is_caller):
            self._respond(transaction, 500, out, [self._retry_after()])
        elif (
            self._offer_open()
            or self.phase is Phase.CALLING
            or (self.phase is Phase.ACCEPTED and self.is_caller)
            or (waiting is not None and waiting.is_offer)
        ):
            self._respond(transaction, 491, out)
        else:
            if waiting is not None:
                # The peer has seen our 2xx, else it could not go on: its ACK was lost or is late.
                self._acknowledged(None, out)
            self._take_offer(dialog, transaction, request, out)

    def receive_update(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Take an UPDATE (RFC 3311 section 5.2); without an offer it only refreshes the target."""
        if not request.body:
            dialog.refresh_target(request)
            self._respond(transaction, 200, out, self._capabilities())
        elif self.reoffer is not None or (self.phase is Phase.CALLING and not self.is_caller):
            self._respond(transaction, 500, out, [self._retry_after()])
        elif (
            self._offer_open()
            or (self.is_caller and self.phase is not Phase.CONFIRMED)
            or (self.unacknowledged is not None and self.unacknowledged.is_offer)
        ):
            self._respond(transaction, 491, out)
        else:
            self._take_offer(dialog, transaction, request, out)

    def receive_info(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Take an INFO with keys, or an empty one (RFC 6086 section 4.2.2 and appendix A)."""
        if request.body and request.content_type not in KEY_INFO:
            self._respond(transaction, 415, out, [("Accept", ", ".join(KEY_INFO))])
            return
        self._respond(transaction, 200, out)
        self.tell(InfoReceived(request.content_type, request.body), out)

    def receive_options(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Answer the peer's question whether we are still there."""
        self._respond(transaction, 200, out, [*self._capabilities(), ("Accept", SDP)])

    def receive_prack(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Refuse: no response of ours was reliable (RFC 3262 section 3)."""
        self._respond(transaction, 481, out)

    # ------------------------------------------------------------ steps of both

    def await_ack(self, transaction: ServerTransaction, invite: Request, out: list[Effect]) -> None:
        """Repeat the 2xx that the transaction has just sent until its ACK comes."""
        self.unacknowledged = Unacknowledged(
            self,
            invite.cseq.number,
            transaction.sent,
            transaction.flow,
            is_offer=not invite.body,
        )
        self.unacknowledged.start(out)

    def not_acknowledged(self, out: list[Effect]) -> None:
        """End the dialog whose 2xx nobody acknowledged (section 13.3.1.4)."""
        self.bye((), out)
        self.tell(Ended(False, "no ACK"), out)

    def lost(self, reason: str, out: list[Effect]) -> None:
        """End the dialog because the peer is out of step or gone (section 12.2.1.2)."""
        if self.phase is not Phase.ENDED:
            self.hangup((), 480, out)
            self.tell(Ended(False, reason), out)

    def bye(self, headers: HeaderList, out: list[Effect]) -> None:
        """Send the BYE; until it is answered the dialog stays known, for the peer may send one."""
        self.close(out)
        Farewell(self, self.dialog, "BYE", tuple(headers)).start(out)

    def close(self, out: list[Effect]) -> None:
        """Answer whatever the peer still waits for."""
        self.phase = Phase.ENDED
        self.unacknowledged = None
        self.reinvite = None
        if self.reoffer is not None:
            self._respond(self.reoffer, 487, out)
            self.reoffer = None
        for transaction in self.waiting:
            self._respond(transaction, 487, out)
        self.waiting.clear()

    def _require_dialog(self) -> None:
        if not self.has_dialog:
            raise UsageError("the INVITE has no answer yet")

    def _acknowledged(self, sdp: bytes | None, out: list[Effect]) -> None:
        self.unacknowledged = None
        if self.phase is Phase.ACCEPTED:
            self.phase = Phase.CONFIRMED
        self.tell(Acknowledged(sdp), out)

    def _take_offer(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        dialog.refresh_target(request)
        dialog.follow(transaction.flow)
        self.reoffer = transaction
        self.tell(Reoffered(sdp_of(request)), out)

    def _offer_open(self) -> bool:
        return self.reinvite is not None and self.reinvite.is_open

    def _retry_after(self) -> tuple[str, str]:
        return ("Retry-After", str(self.element.pick(0, 10)))

    def _capabilities(self) -> list[tuple[str, str]]:
        return [("Contact", self.contact), *self.element.capabilities]

    def _respond(
        self,
        transaction: ServerTransaction,
        status: int,
        out: list[Effect],
        headers: HeaderList = (),
        *,
        body: bytes = b"",
        reason: str | None = None,
    ) -> None:
        response = response_to(
            transaction.request,
            status,
            reason,
            to_tag=self.dialog.local.tag,
            headers=headers,
            body=body,
            content_type=SDP if body else None,
        )
        self.element.layer.respond(transaction, response, out)


_HANDLERS: dict[
    str, Callable[[InviteUsage, Dialog, ServerTransaction, Request, list[Effect]], None]
] = {
    "BYE": lambda usage, *rest: usage.receive_bye(*rest),
    "INVITE": InviteUsage.receive_invite,
    "UPDATE": InviteUsage.receive_update,
    "INFO": InviteUsage.receive_info,
    "OPTIONS": InviteUsage.receive_options,
    "PRACK": InviteUsage.receive_prack,
}
