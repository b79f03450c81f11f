"""The INVITE usage of a dialog: what its user may do once it stands (RFC 3261 sections 13 to 15).

This module has what both directions share. How a dialog comes to be is in `invite_incoming` and
`invite_outgoing`, what we send in it in `in_dialog`.

Methods append their effects to `out`; the code above calls them through `calls/leg/leg.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.sip.dialog.in_dialog import Inquiry
from softswitch.sip.dialog.invite_requests import InviteRequests
from softswitch.sip.dialog.invite_state import HeaderList, Phase, UsageError
from softswitch.sip.dialog.refresh import ReinviteRefresh, UpdateRefresh
from softswitch.sip.dialog.reinvite import PostponedOffer, Reinvite
from softswitch.sip.effects import Effect
from softswitch.sip.events import Reinvited, ResponseEvent
from softswitch.sip.transaction.server import ServerTransaction


class InviteUsage(InviteRequests):
    """What both directions share."""

    __slots__ = ()

    @property
    def is_offering(self) -> bool:
        """Whether an offer of our user is under way, or waits for the end of a refresh."""
        refresh = self.reinvite if isinstance(self.reinvite, ReinviteRefresh) else None
        return self.reinvite is not None if refresh is None else refresh.postponed is not None

    def offer(self, sdp: bytes | None, headers: HeaderList, out: list[Effect]) -> None:
        """Send a re-INVITE; `Reinvited` tells how it ended.

        Raises UsageError before there is a dialog, and while another one is under way.
        """
        self._require_dialog()
        if self.is_offering:
            raise UsageError("a re-INVITE is under way")
        if isinstance(self.reinvite, ReinviteRefresh):
            self.reinvite.postponed = sdp, tuple(headers)
            return
        self.reinvite = Reinvite(self, self.dialog, sdp, tuple(headers))
        self.reinvite.start(out)

    def withdraw_offer(self, out: list[Effect]) -> None:
        """Cancel our re-INVITE; its end is still told."""
        if isinstance(self.reinvite, ReinviteRefresh):
            self.reinvite.postponed = None
            self.tell(Reinvited(487, "Request Terminated", None), out)
        elif self.reinvite is not None:
            self.reinvite.withdraw(out)

    def refresh(self, out: list[Effect]) -> None:
        """Refresh the session, or try again later when a change of it is under way."""
        if self.phase is Phase.ENDED:
            return
        if (
            self.phase is not Phase.CONFIRMED
            or self.unacknowledged is not None
            or self.reinvite is not None
            or self.reoffer is not None
        ):
            self.session.refresh_later(out)
        elif self.takes_update:
            UpdateRefresh(self, self.dialog).start(out)
        elif self.described_as:
            self.reinvite = ReinviteRefresh(self, self.dialog)
            self.reinvite.start(out)

    def describe_again(self, out: list[Effect]) -> None:
        """Offer the description that stands, to a peer that has accepted another one."""
        free = self.reinvite is None and self.reoffer is None
        if free and self.phase is Phase.CONFIRMED and self.described_as:
            self.reinvite = ReinviteRefresh(self, self.dialog)
            self.reinvite.start(out)

    def begin_postponed(self, offer: PostponedOffer, out: list[Effect]) -> None:
        """Begin the offer that waited for the end of a refresh."""
        if self.phase is Phase.ENDED:
            self.tell(Reinvited(487, "Request Terminated", None), out)
        else:
            self.offer(*offer, out)

    def answer_reoffer(self, sdp: bytes, headers: HeaderList, out: list[Effect]) -> bool:
        """Accept the peer's re-INVITE or UPDATE; False when it was withdrawn meanwhile."""
        transaction, self.reoffer = self.reoffer, None
        if transaction is None:
            return False
        request = transaction.request
        self.described_as = sdp
        is_refresh = request.method != "PRACK" and self.phase is not Phase.CALLING
        session = self.session.answer(request, out) if is_refresh else ()
        self._respond(transaction, 200, out, [*self._capabilities(), *session, *headers], body=sdp)
        if request.method == "INVITE":
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

    def acknowledge(self, sdp: bytes | None, out: list[Effect]) -> None:
        """Send the ACK that answers the peer's late offer."""
        if self.reinvite is not None:
            if sdp and self.reinvite.owes_answer:
                self.described_as = sdp
            self.reinvite.acknowledge(sdp, out)

    def _require_dialog(self) -> None:
        if not self.has_dialog:
            raise UsageError("the INVITE has no answer yet")
