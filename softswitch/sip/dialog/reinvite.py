"""A re-INVITE of ours: glare, CANCEL, and the ACK of every 2xx (RFC 3261 sections 14.1, 9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.dialog.in_dialog import Header, InDialog, Requester
from softswitch.sip.dialog.session_timer import SessionTimer
from softswitch.sip.effects import Effect, Send, SetTimer
from softswitch.sip.events import Redescribed, Reinvited
from softswitch.sip.message.body import SDP, sdp_of
from softswitch.sip.message.message import Response
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.server import ServerTransaction
from softswitch.sip.transaction.timers import LIFETIME

GLARES = 10
"How often a re-INVITE is tried again after 491."


PostponedOffer = tuple[bytes | None, Sequence[Header]]
"The description and the headers of an offer that waits for the end of another."


class Offerer(Requester, Protocol):
    """The usage that a re-INVITE changes."""

    reinvite: Reinvite | None
    "The one that is under way: this one, until it has ended or nobody wants it any more."

    @property
    def is_caller(self) -> bool:
        """Whether the Call-ID is ours, which says how long to wait after glare."""

    @property
    def contact(self) -> str:
        """Our Contact."""

    @property
    def reoffer(self) -> ServerTransaction | None:
        """An offer of the peer that waits for our answer."""

    described_as: bytes
    "Our description that stands."

    @property
    def session(self) -> SessionTimer:
        """The session timer: every re-INVITE refreshes it."""

    def describe_again(self, out: list[Effect]) -> None:
        """Offer the description that stands, to a peer that has accepted another one."""

    def begin_postponed(self, offer: PostponedOffer, out: list[Effect]) -> None:
        """Begin the offer that waited."""

    def tell(self, event: Reinvited | Redescribed, out: list[Effect]) -> None:
        """Pass up how the re-INVITE ended."""


class Reinvite(InDialog[Offerer]):
    """A re-INVITE, sent again after glare; the usage is told by `Reinvited` how it ended.

    It is open from its INVITE to the final response, not while it waits for another try.
    """

    __slots__ = (
        "ack",
        "cancelled",
        "cseq",
        "glares",
        "is_open",
        "owes_answer",
        "unrefreshed",
        "withdrawn",
    )

    def __init__(
        self, usage: Offerer, dialog: Dialog, sdp: bytes | None, headers: Sequence[Header]
    ) -> None:
        all_headers = [("Contact", usage.contact), *usage.element.capabilities, *headers]
        if sdp:
            all_headers.append(("Content-Type", SDP))
        super().__init__(usage, dialog, "INVITE", all_headers, sdp or b"")
        self.unrefreshed = self.headers
        "The headers but for those of the session timer, which may change between two tries."
        self.ack = b""
        self.glares = 0
        self.is_open = False
        self.owes_answer = False
        "The 2xx has brought an offer, and its ACK waits for our answer."
        self.cancelled = False
        self.withdrawn = False
        "Whether our user does not want it any more."
        self.cseq = 0

    def start(self, out: list[Effect], credentials: Sequence[Header] = ()) -> None:
        """Send it; an INVITE without a final response is cancelled after 64*T1."""
        self.headers = [*self.unrefreshed, *self.usage.session.ask()]
        super().start(out, credentials)
        self.is_open = True
        self.cseq = self.dialog.local_cseq
        out.append(SetTimer(self, f"unanswered {self.cseq}", LIFETIME))

    def withdraw(self, out: list[Effect]) -> None:
        """Take it back as our user wishes; a peer that accepts it all the same is asked again."""
        self.withdrawn = True
        self.cancel(out)

    def cancel(self, out: list[Effect]) -> None:
        """Take it back; the CANCEL waits for a provisional response (section 9.1)."""
        if not self.cancelled and self.transaction is not None:
            self.cancelled = True
            if self.is_open:
                self.usage.element.cancel(self.transaction, (), out)
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
            wait = self.usage.element.pick(low, high) / 100
            out.append(SetTimer(self, "again", wait))
        elif status == 422 and not self.is_given_up and self.usage.session.may_ask_again(response):
            self.start(out)
        else:
            self._end(status, response.reason, None, out)
            if status in (408, 481):
                self.usage.lost(f"{status} to INVITE", out)

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """End the call (section 14.1), but for a connection that may be made anew."""
        self.is_open = False
        if self.may_return(reason):
            self._end(503, reason, None, out)
        else:
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
        self.usage.session.answered(response, out)
        if self.withdrawn and self.body and self.usage.reinvite is self:
            # The CANCEL came too late: the peer has what our user wants no more (section 9.1).
            self._send_ack(b"", out)
            self._end(response.status, response.reason, sdp_of(response), out)
            self.usage.describe_again(out)
            return
        self.usage.described_as = self.body or self.usage.described_as
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
        self.ack = self.usage.element.write(request, self.dialog.flow)
        out.append(Send(self.ack, self.dialog.flow, self))

    def _try_again(self, out: list[Effect]) -> None:
        usage = self.usage
        if self.is_given_up:
            return
        if usage.reoffer is not None:
            out.append(SetTimer(self, "again", usage.element.pick(0, 200) / 100))
        else:
            self.start(out)

    def _end(self, status: int, reason: str, sdp: bytes | None, out: list[Effect]) -> None:
        usage = self.usage
        if usage.reinvite is self:
            usage.reinvite = None
            usage.tell(Reinvited(status, reason, sdp), out)
