"""An INVITE that came to us, from its arrival to the ACK (RFC 3261 sections 13.3 and 9.2)."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.sip.dialog.dialog import Dialog, Dialogs, dialog_of_request
from softswitch.sip.dialog.invite import InviteUsage
from softswitch.sip.dialog.invite_state import HeaderList, Phase
from softswitch.sip.dialog.reliable import Provisional, ReliableResponses
from softswitch.sip.effects import Effect, Flow, SetTimer
from softswitch.sip.element import Element
from softswitch.sip.events import Ended, UsageEvent
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request
from softswitch.sip.requests.screening import contact_scheme
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.machine import Event
from softswitch.sip.transaction.server import ServerTransaction

PROGRESS = 60.0
"Seconds after which a provisional response is repeated, so that proxies keep waiting (13.3.1.1)."
EXPIRES = 3600
"The longest Expires in seconds that is waited for; nobody lets it ring for longer."


class IncomingInvite(InviteUsage):
    """The side that is called. The INVITE's transaction exists and has sent 100."""

    __slots__ = ("bye_headers", "held", "patience", "progress_set", "provisionals", "transaction")

    is_caller = False

    def __init__(
        self,
        element: Element,
        dialogs: Dialogs,
        *,
        request: Request,
        flow: Flow,
        receiver: Callable[[UsageEvent], None],
        out: list[Effect],
    ) -> None:
        """Accept the INVITE. Raises MessageError, before anything is allocated, without Contact."""
        tag = element.token()
        dialog = dialog_of_request(request, flow, tag)
        user = getattr(request.uri, "user_text", None)
        contact = element.contact(flow, user, contact_scheme(request))
        super().__init__(element, dialogs, dialog=dialog, receiver=receiver, contact=contact)
        self.transaction = element.layer.accept(request, flow, self, out)
        self.note_methods(request)
        self.progress_set = False
        self.provisionals = ReliableResponses(self, request, element.pick)
        self.held: tuple[bytes, tuple[tuple[str, str], ...]] | None = None
        "Description and headers of the 2xx that waits for a PRACK."
        self.patience = float("inf") if (expires := _expires(request)) is None else float(expires)
        "Seconds that the caller goes on waiting after the timer that is set."
        if self.patience <= EXPIRES:
            self._wait(out)
        self.bye_headers: HeaderList | None = None
        "Set when we hung up before the ACK came: until then a callee may not send BYE."

    @property
    def is_unanswered(self) -> bool:
        """Whether the INVITE still has no final response."""
        return self.phase is Phase.CALLING

    def is_settled(self, dialog: Dialog) -> bool:
        """Whether the caller has our answer for certain."""
        return self.provisionals.is_settled

    @property
    def has_dialog(self) -> bool:
        """Whether the dialog has both halves: the INVITE has brought the other."""
        return True

    # ------------------------------------------------------------ what the user does

    def progress(
        self, status: int, sdp: bytes | None, headers: HeaderList, out: list[Effect]
    ) -> None:
        """Send 101 to 199, which makes the dialog an early one; harmless later.

        Where the caller wants that it is repeated until its PRACK comes.
        """
        if self.phase is not Phase.CALLING or self.held is not None:
            return
        response = Provisional(status, sdp, tuple(headers))
        if not self.provisionals.takes(response, out):
            self.send_provisional(response, out)

    def send_provisional(self, response: Provisional, out: list[Effect]) -> tuple[bytes, Flow]:
        """Send it; returns what was sent, and where to."""
        self.dialogs.add(self.dialog, self)
        headers = [*self._capabilities(), *response.headers]
        self._respond(self.transaction, response.status, out, headers, body=response.sdp or b"")
        if not self.progress_set:
            self.progress_set = True
            out.append(SetTimer(self, "progress", PROGRESS))
        return self.transaction.sent, self.transaction.flow

    def accept(self, sdp: bytes, headers: HeaderList, out: list[Effect]) -> None:
        """Send 200; `Acknowledged` or `Ended` follows. Harmless when the call is over.

        It waits while a description of ours is on its way in a reliable response, and while an
        offer of the caller waits for our answer.
        """
        if self.phase is Phase.CALLING and self.held is None:
            self.held = sdp, tuple(headers)
            self._release(out)

    def _release(self, out: list[Effect]) -> None:
        """Send the 2xx that waits, if nothing holds it back any more."""
        held = self.held
        is_free = self.reoffer is None and not self.provisionals.holds_answer_back
        if held is not None and is_free and self.is_unanswered:
            self.held = None
            self._accept(*held, out)

    def answer_reoffer(self, sdp: bytes, headers: HeaderList, out: list[Effect]) -> bool:
        """Accept the peer's re-INVITE, UPDATE or PRACK; False when it was withdrawn meanwhile."""
        answered = super().answer_reoffer(sdp, headers, out)
        self._release(out)
        return answered

    def refuse_reoffer(self, status: int, headers: HeaderList, out: list[Effect]) -> None:
        """Refuse it; nothing else changes."""
        super().refuse_reoffer(status, headers, out)
        self._release(out)

    def _accept(self, sdp: bytes, headers: HeaderList, out: list[Effect]) -> None:
        self.phase = Phase.ACCEPTED
        self.dialogs.add(self.dialog, self)
        self.described_as = sdp
        invite = self.transaction.request
        body = b"" if self.provisionals.is_settled else sdp
        session = self.session.answer(invite, out)
        all_headers = [*self._capabilities(), *session, *headers]
        self._respond(self.transaction, 200, out, all_headers, body=body)
        self.await_ack(self.transaction, invite, out)

    def reject(
        self, status: int, headers: HeaderList, reason: str | None, out: list[Effect]
    ) -> None:
        """Send a final response of 300 to 699; harmless when the call is answered or over."""
        if self.phase is Phase.CALLING:
            self._respond(self.transaction, status, out, headers, reason=reason)
            self.close(out)
            self.dialogs.forget(self.dialog)

    def hangup(self, headers: HeaderList, status: int, out: list[Effect]) -> None:
        """End the usage from whatever state; before the ACK the BYE waits (section 15)."""
        if self.phase is Phase.CALLING:
            self.reject(status, headers, None, out)
        elif self.phase is Phase.ACCEPTED and self.unacknowledged is not None:
            waiting = self.unacknowledged
            self.close(out)
            self.unacknowledged = waiting
            self.bye_headers = tuple(headers)
        elif self.phase is not Phase.ENDED:
            self.bye(headers, out)

    # ------------------------------------------------------------ what the peer does

    def receive_ack(
        self, transaction: ServerTransaction | None, ack: Request, out: list[Effect]
    ) -> None:
        """Take the ACK of a 2xx; a BYE may have waited for it."""
        waiting = self.unacknowledged
        if self.bye_headers is None:
            super().receive_ack(transaction, ack, out)
            if waiting is not None and self.unacknowledged is None:
                self._describe_anew(out)
        elif waiting is not None and ack.cseq.number == waiting.cseq:
            self.bye(self.bye_headers, out)

    def receive_prack(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Take the news that a reliable response has arrived; it may bring another offer."""
        if not self.provisionals.acknowledges(request.rack):
            self._respond(transaction, 481, out)
            return
        if request.body and self.reoffer is not None:
            self._respond(transaction, 500, out, [self._retry_after()])
        elif request.body and self.phase is Phase.CALLING:
            self._take_offer(dialog, transaction, request, out)
        else:
            self._respond(transaction, 200, out)
        self.provisionals.go_on(out)
        self._release(out)

    def not_taken(self, out: list[Effect]) -> None:
        """Refuse the call: the caller does not hear us (RFC 3262 section 3)."""
        self.reject(504, (), None, out)
        self.tell(Ended(False, "no PRACK"), out)

    def receive_cancel(
        self, transaction: ServerTransaction, cancel: Request, out: list[Effect]
    ) -> None:
        """End the call that is not answered yet; after the 2xx a CANCEL changes nothing."""
        if transaction is not self.transaction:
            super().receive_cancel(transaction, cancel, out)
        elif self.phase is Phase.CALLING:
            self.reject(487, (), None, out)
            self.tell(Ended(True, "CANCEL", cancel.headers), out)

    def receive_bye(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Take a BYE also in the early dialog: the caller may send one (section 15)."""
        if self.phase is Phase.CALLING:
            self._respond(self.transaction, 487, out)
        super().receive_bye(dialog, transaction, request, out)

    def not_acknowledged(self, out: list[Effect]) -> None:
        """Send the BYE that waited for the ACK, or give the call up."""
        if self.bye_headers is None:
            super().not_acknowledged(out)
        else:
            self.bye(self.bye_headers, out)

    def transaction_failed(
        self,
        transaction: ServerTransaction | ClientTransaction,
        reason: str,
        out: list[Effect],
    ) -> None:
        """Give the call up when the caller's connection is gone before the answer."""
        if transaction is self.transaction and self.phase is Phase.CALLING:
            self.reject(480, (), None, out)
            self.tell(Ended(False, reason), out)

    def transport_failed(self, out: list[Effect]) -> None:
        """Go on: no octets are sent in the name of the usage itself."""

    def close(self, out: list[Effect]) -> None:
        """Answer whatever the peer still waits for."""
        super().close(out)
        self.provisionals.stop()

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Repeat the last provisional response once a minute, or end what the caller limited."""
        if self.phase is not Phase.CALLING:
            return
        if timer == "expires" and self.patience > 0:
            self._wait(out)
        elif timer == "expires":
            self.reject(487, (), None, out)
            self.tell(Ended(True, "expired"), out)
        else:
            self.transaction.feed(Event.REQUEST, None, out)
            out.append(SetTimer(self, "progress", PROGRESS))

    def _describe_anew(self, out: list[Effect]) -> None:
        """Offer our description when the caller was given another one while it rang.

        The answer in a reliable response counts, and none in the 2xx may follow it.
        """
        if self.provisionals.is_settled and self.provisionals.described != self.described_as:
            self.provisionals.described = self.described_as
            self.describe_again(out)

    def _wait(self, out: list[Effect]) -> None:
        """Wait as the caller wants, a minute at a time: a timer keeps a call that is over."""
        step = min(self.patience, PROGRESS)
        self.patience -= step
        out.append(SetTimer(self, "expires", step))


def _expires(request: Request) -> int | None:
    """Read how long the caller wants to wait; a malformed value is no limit."""
    try:
        return request.expires
    except MessageError:
        return None
