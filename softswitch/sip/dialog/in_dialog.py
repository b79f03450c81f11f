"""Requests that we send inside a dialog: any question, the BYE, and the re-INVITE.

RFC 3261 sections 12.2.1, 14.1 and 15.1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.effects import Effect, PassUp, Send, SetTimer
from softswitch.sip.events import NoResponse, Reinvited, Responded
from softswitch.sip.message.body import SDP, sdp_of
from softswitch.sip.message.message import Response
from softswitch.sip.requests.outside import CHALLENGES
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.timers import LIFETIME

if TYPE_CHECKING:
    from softswitch.sip.dialog.invite import InviteUsage

Header = tuple[str, str]

GLARES = 10
"How often a re-INVITE is tried again after 491."


class InDialog:
    """A request of ours in a dialog and what it needs when it is challenged."""

    __slots__ = ("body", "challenges", "dialog", "headers", "method", "transaction", "usage")

    def __init__(
        self,
        usage: InviteUsage,
        dialog: Dialog,
        method: str,
        headers: Sequence[Header],
        body: bytes = b"",
    ) -> None:
        self.usage = usage
        self.dialog = dialog
        self.method = method
        self.headers = headers
        self.body = body
        self.challenges = 0
        self.transaction: ClientTransaction | None = None

    def start(self, out: list[Effect], credentials: Sequence[Header] = ()) -> None:
        """Send it, with the next CSeq number."""
        request = self.dialog.next_request(self.method, [*credentials, *self.headers], self.body)
        self.transaction = self.usage.endpoint.send(request, self.dialog.flow, self, out)

    def receive_response(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Take a response; a challenge is answered if we have something to answer it with."""
        if transaction is not self.transaction or response.status < 200:
            return
        if response.status in (401, 407) and self._answer_challenge(transaction, response, out):
            return
        self.finished(response, out)

    def _answer_challenge(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> bool:
        credentials = self.usage.credentials
        if credentials is None or self.challenges >= CHALLENGES:
            return False
        answer = credentials(transaction.request, response)
        if not answer:
            return False
        self.challenges += 1
        self.start(out, answer)
        return True

    def transaction_failed(
        self, transaction: ClientTransaction, reason: str, out: list[Effect]
    ) -> None:
        """Take the news that no final response will come."""
        if transaction is self.transaction:
            self.unanswered(reason, out)

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Take the final response."""
        raise NotImplementedError

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Take the news that there is none: `timeout` or `transport error`."""
        raise NotImplementedError


class Inquiry(InDialog):
    """A request whose answer somebody waits for: INFO, OPTIONS, NOTIFY, REFER, …"""

    __slots__ = ("receiver",)

    def __init__(
        self,
        usage: InviteUsage,
        dialog: Dialog,
        method: str,
        headers: Sequence[Header],
        body: bytes,
        *,
        receiver: Callable[[Any], None],
    ) -> None:
        super().__init__(usage, dialog, method, headers, body)
        self.receiver = receiver

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Pass the response up; 408 and 481 end the dialog (section 12.2.1.2)."""
        out.append(PassUp(Responded(response), self.receiver))
        if response.status in (408, 481):
            self.usage.lost(f"{response.status} to {self.method}", out)

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Pass the news up; the dialog is over, too."""
        out.append(PassUp(NoResponse(reason), self.receiver))
        self.usage.lost(f"{reason} of {self.method}", out)


class Farewell(InDialog):
    """The BYE. Whatever comes of it, the dialog is forgotten afterwards."""

    __slots__ = ()

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Forget the dialog."""
        self.usage.endpoint.forget_dialog(self.dialog)

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Forget the dialog."""
        self.usage.endpoint.forget_dialog(self.dialog)


class Reinvite(InDialog):
    """A re-INVITE, sent again after glare; the usage is told by `Reinvited` how it ended.

    It is open from its INVITE to the final response, not while it waits for another try.
    """

    __slots__ = ("ack", "cancelled", "cseq", "glares", "is_open", "owes_answer")

    def __init__(
        self, usage: InviteUsage, dialog: Dialog, sdp: bytes | None, headers: Sequence[Header]
    ) -> None:
        endpoint = usage.endpoint
        all_headers = [("Contact", usage.contact), *endpoint.capabilities, *headers]
        if sdp:
            all_headers.append(("Content-Type", SDP))
        super().__init__(usage, dialog, "INVITE", all_headers, sdp or b"")
        self.ack = b""
        self.glares = 0
        self.is_open = False
        self.owes_answer = False
        "The 2xx has brought an offer, and its ACK waits for our answer."
        self.cancelled = False
        self.cseq = 0

    def start(self, out: list[Effect], credentials: Sequence[Header] = ()) -> None:
        """Send it; an INVITE without a final response is cancelled after 64*T1."""
        super().start(out, credentials)
        self.is_open = True
        self.cseq = self.dialog.local_cseq
        out.append(SetTimer(self, f"unanswered {self.cseq}", LIFETIME))

    def cancel(self, out: list[Effect]) -> None:
        """Take it back; the CANCEL waits for a provisional response (section 9.1)."""
        if not self.cancelled and self.transaction is not None:
            self.cancelled = True
            if self.is_open:
                self.usage.endpoint.cancel(self.transaction, (), out)
            else:
                self._end(487, "Request Terminated", None, out)

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Try again after glare, or cancel an INVITE without a final response."""
        if timer == "again":
            self._try_again(out)
        elif self.is_open and timer.endswith(f" {self.cseq}"):
            self.cancel(out)

    def transport_failed(self, out: list[Effect]) -> None:
        """Wait: the peer repeats its 2xx until an ACK gets through."""

    def receive_response(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Acknowledge every 2xx, also one that is repeated or comes too late."""
        if 200 <= response.status < 300 and not self.is_open:
            if self.ack:
                out.append(Send(self.ack, self.dialog.flow, self))
            return
        super().receive_response(transaction, response, out)

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Take the final response."""
        self.is_open = False
        status = response.status
        if status < 300:
            self._accepted(response, out)
        elif status == 491 and self.glares < GLARES and not self.is_given_up:
            self.glares += 1
            low, high = (210, 400) if self.usage.is_caller else (0, 200)
            wait = self.usage.endpoint.pick(low, high) / 100
            out.append(SetTimer(self, "again", wait))
        else:
            self._end(status, response.reason, None, out)
            if status in (408, 481):
                self.usage.lost(f"{status} to INVITE", out)

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """End the call (section 14.1)."""
        self.is_open = False
        self._end(408, reason, None, out)
        self.usage.lost(f"{reason} of INVITE", out)

    def acknowledge(self, sdp: bytes | None, out: list[Effect]) -> None:
        """Send the ACK that answers the offer in the 2xx; harmless when there is none."""
        if self.owes_answer:
            self.owes_answer = False
            self._send_ack(sdp or b"", out)
            self.usage.reinvite = None

    @property
    def is_given_up(self) -> bool:
        """Whether it was cancelled, or the usage has ended."""
        return self.cancelled or self.usage.reinvite is not self

    def _answer_challenge(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> bool:
        return not self.is_given_up and super()._answer_challenge(transaction, response, out)

    def _accepted(self, response: Response, out: list[Effect]) -> None:
        self.dialog.refresh_target(response)
        if self.body or self.is_given_up:
            # We offered, or nobody wants the offer any more and only its repeats have to stop.
            self._send_ack(b"", out)
            self._end(response.status, response.reason, sdp_of(response), out)
        else:
            self.owes_answer = True
            self.usage.tell(Reinvited(response.status, response.reason, sdp_of(response)), out)

    def _send_ack(self, sdp: bytes, out: list[Effect]) -> None:
        headers = [("Content-Type", SDP)] if sdp else []
        request = self.dialog.next_request("ACK", headers, sdp, cseq=self.cseq)
        self.ack = self.usage.endpoint.write(request, self.dialog.flow)
        out.append(Send(self.ack, self.dialog.flow, self))

    def _try_again(self, out: list[Effect]) -> None:
        usage = self.usage
        if self.is_given_up:
            return
        if usage.reoffer is not None:
            out.append(SetTimer(self, "again", usage.endpoint.pick(0, 200) / 100))
        else:
            self.start(out)

    def _end(self, status: int, reason: str, sdp: bytes | None, out: list[Effect]) -> None:
        usage = self.usage
        if usage.reinvite is self:
            usage.reinvite = None
            usage.tell(Reinvited(status, reason, sdp), out)
