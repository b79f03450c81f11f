"""What the peer may ask for in the dialog of an INVITE (RFC 3261 sections 12.2.2 and 14.2).

BYE, re-INVITE, UPDATE, INFO, OPTIONS, PRACK, and the methods that the user takes itself. ACK and
CANCEL belong to a transaction, and have methods of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.dialog.invite_state import InviteState, Phase
from softswitch.sip.effects import Effect, Flow, Send
from softswitch.sip.events import Ended, InfoReceived, Reoffered, RequestReceived
from softswitch.sip.message.body import KEY_INFO, SDP, sdp_of
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.server import ServerTransaction


class InviteRequests(InviteState):
    """The side of a usage that its peer sees."""

    __slots__ = ()

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
        early = self.phase is Phase.CALLING
        if not request.body:
            dialog.refresh_target(request)
            dialog.follow(transaction.flow)
            self.note_methods(request)
            is_refresh = not early and dialog is self.dialog
            session = self.session.answer(request, out) if is_refresh else ()
            self._respond(transaction, 200, out, [*self._capabilities(), *session])
        elif self.reoffer is not None or (
            early and not self.is_caller and not self.is_settled(dialog)
        ):
            self._respond(transaction, 500, out, [self._retry_after()])
        elif (
            self._offer_open()
            or (self.is_caller and early and not self.is_settled(dialog))
            or (self.is_caller and self.phase is Phase.ACCEPTED)
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
        """Refuse: no response of ours waits for one (RFC 3262 section 3)."""
        self._respond(transaction, 481, out)

    # ------------------------------------------------------------ steps

    def _take_offer(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        dialog.refresh_target(request)
        dialog.follow(transaction.flow)
        self.note_methods(request)
        self.reoffer = transaction
        self.tell(Reoffered(sdp_of(request)), out)

    def _offer_open(self) -> bool:
        return self.reinvite is not None and self.reinvite.is_open

    def _retry_after(self) -> tuple[str, str]:
        return ("Retry-After", str(self.element.pick(0, 10)))


_HANDLERS: dict[
    str, Callable[[InviteRequests, Dialog, ServerTransaction, Request, list[Effect]], None]
] = {
    "BYE": lambda usage, *rest: usage.receive_bye(*rest),
    "INVITE": InviteRequests.receive_invite,
    "UPDATE": InviteRequests.receive_update,
    "INFO": InviteRequests.receive_info,
    "OPTIONS": InviteRequests.receive_options,
    "PRACK": lambda usage, *rest: usage.receive_prack(*rest),
}
