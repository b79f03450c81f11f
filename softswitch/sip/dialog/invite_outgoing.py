"""An INVITE of ours, from its sending to the ACK or the CANCEL (RFC 3261 sections 13.2 and 9.1).

One INVITE may be answered by several phones behind a proxy: each To tag is an early dialog, the
first 2xx wins, and the sender of every other 2xx gets its ACK and a BYE.
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.sip.dialog.dialog import (
    Dialog,
    DialogParty,
    Dialogs,
    dialog_of_response,
    half_dialog,
)
from softswitch.sip.dialog.in_dialog import Acknowledgement, Farewell
from softswitch.sip.dialog.invite import InviteUsage
from softswitch.sip.dialog.invite_state import HeaderList, Phase
from softswitch.sip.dialog.reliable import RELIABLE
from softswitch.sip.effects import Effect, Flow, Send
from softswitch.sip.element import Element
from softswitch.sip.events import Answered, Failed, Ringing, UsageEvent
from softswitch.sip.message.body import SDP, sdp_of
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import Headers, RAck
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.reasons import reason as reason_of
from softswitch.sip.requests.outside import (
    CHALLENGES,
    MakeCredentials,
    credentials_in,
    with_credentials,
)
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.server import ServerTransaction

FORKS = 20
"Early dialogs, and 2xx of losers, that one INVITE may have; further ones are not looked at."


class OutgoingInvite(InviteUsage):
    """The side that calls."""

    __slots__ = (
        "acks",
        "cancel_headers",
        "challenges",
        "described",
        "early",
        "flow",
        "is_answered",
        "is_heard",
        "local",
        "request",
        "rseqs",
        "settled",
        "transaction",
    )

    is_caller = True

    def __init__(
        self,
        element: Element,
        dialogs: Dialogs,
        *,
        request: Request,
        flow: Flow,
        receiver: Callable[[UsageEvent], None],
        out: list[Effect],
        local: DialogParty,
        contact: str,
        credentials: MakeCredentials | None,
    ) -> None:
        """Send the INVITE: `request` is all of it but its Via."""
        half = half_dialog(request, flow, local)
        super().__init__(
            element,
            dialogs,
            dialog=half,
            receiver=receiver,
            contact=contact,
            credentials=credentials,
        )
        self.is_answered = False
        "Whether a 2xx has come: then the dialog is confirmed."
        self.is_heard = False
        "Whether any response has come."
        self.request = request
        "The INVITE that was sent last."
        self.local = local
        self.flow = flow
        self.early: dict[str, Dialog] = {}
        "Early dialogs by the peer's tag."
        self.described: dict[str, bytes] = {}
        "The last description in a provisional response, by the peer's tag."
        self.acks: dict[str, bytes] = {}
        "The ACK of every 2xx by the peer's tag, for when the 2xx is repeated."
        self.cancel_headers: HeaderList | None = None
        "Set when we hung up before an answer."
        self.challenges = 0
        self.rseqs: dict[str, int] = {}
        "The number of the last reliable response by the peer's tag."
        self.settled: set[str] = set()
        "Tags of those whose description came reliably: it is their answer, and stays it."
        self.described_as = sdp_of(request) or b""
        for name, value in self.session.ask():
            request.headers.add(name, value)
        self.transaction = element.send(request, flow, self, out)

    def is_settled(self, dialog: Dialog) -> bool:
        """Whether the phone's answer to our offer came reliably."""
        return dialog.remote.tag in self.settled

    @property
    def has_dialog(self) -> bool:
        """Whether the dialog has both halves: a 2xx has brought the other."""
        return self.is_answered

    # ------------------------------------------------------------ what the user does

    def acknowledge(self, sdp: bytes | None, out: list[Effect]) -> None:
        """Send the ACK of the 2xx; with `sdp` it answers a late offer. Harmless when sent."""
        if self.phase is Phase.ACCEPTED:
            self.phase = Phase.CONFIRMED
            self.described_as = sdp or self.described_as
            self._send_ack(self.dialog, sdp or b"", out)
        else:
            super().acknowledge(sdp, out)

    def hangup(self, headers: HeaderList, status: int, out: list[Effect]) -> None:
        """End the usage from whatever state: CANCEL, or ACK and BYE, or BYE."""
        if self.phase is Phase.CALLING:
            self.phase = Phase.ENDED
            self.cancel_headers = tuple(headers)
            self.element.cancel(self.transaction, self.cancel_headers, out)
        elif self.phase is not Phase.ENDED:
            self.acknowledge(None, out)
            self.bye(headers, out)

    # ------------------------------------------------------------ what the peer does

    def receive_response(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Take a response to the INVITE; only a 2xx means anything after the first final one."""
        status = response.status
        self.is_heard = True
        if 200 <= status < 300:
            self._accepted(response, out)
        elif transaction is not self.transaction:
            return
        elif self.phase is not Phase.CALLING:
            if status >= 300:
                self._drop_early()
        elif status < 200:
            self._progressed(response, out)
        elif status == 422 and self.session.may_ask_again(response):
            self._ask_again(out)
        elif status not in (401, 407) or not self._answer_challenge(response, out):
            self._fail(status, response.reason, response.headers, out)

    def transaction_failed(
        self,
        transaction: ServerTransaction | ClientTransaction,
        reason: str,
        out: list[Effect],
    ) -> None:
        """Take the news that the INVITE stays without a final response."""
        if transaction is self.transaction and self.phase is Phase.CALLING:
            status = 408 if reason == "timeout" else 503
            self._fail(status, reason, Headers(), out)
        elif transaction is self.transaction and not self.is_answered:
            self._drop_early()

    def receive_bye(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        """Take a BYE; one in an early dialog ends that alone, the INVITE is answered as well."""
        if dialog is self.dialog:
            super().receive_bye(dialog, transaction, request, out)
            return
        self._respond(transaction, 200, out)
        self.early.pop(dialog.remote.tag, None)
        self.dialogs.forget(dialog)

    # ------------------------------------------------------------ steps

    def _progressed(self, response: Response, out: list[Effect]) -> None:
        if response.status == 100:
            return
        tag = response.to.tag
        if tag is not None and tag not in self.early and len(self.early) < FORKS:
            dialog = dialog_of_response(self.request, response, self.flow, self.local)
            self.early[tag] = dialog
            self.dialogs.add(dialog, self)
        early, rseq = self.early.get(tag or ""), self._reliable(response)
        if early is not None and rseq is not None and not self._prack(early, rseq, response, out):
            return
        sdp = sdp_of(response)
        if tag in self.settled:
            sdp = None
        elif sdp is not None and (early is not None or tag is None):
            self.described[tag or ""] = sdp
            if early is not None and rseq is not None:
                self.settled.add(early.remote.tag)
        self.tell(Ringing(response.status, sdp, response.headers, tag), out)

    def _reliable(self, response: Response) -> int | None:
        """The RSeq of a response that wants a PRACK; None: it wants none, or does not say which.

        A phone that was not offered anything must not answer reliably, since its PRACK would have
        to carry our answer; we did not say that we could.
        """
        try:
            wants = response.names("Require", RELIABLE)
            return response.rseq if wants and self.request.body else None
        except MessageError:
            return None

    def _prack(self, dialog: Dialog, rseq: int, response: Response, out: list[Effect]) -> bool:
        """Send a PRACK; False: it is a repeat, or came out of order (RFC 3262 section 4)."""
        last = self.rseqs.get(dialog.remote.tag)
        if last is not None and rseq != last + 1:
            return False
        self.rseqs[dialog.remote.tag] = rseq
        Acknowledgement(self, dialog, RAck(rseq, response.cseq.number, "INVITE")).start(out)
        return True

    def _take_offer(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request, out: list[Effect]
    ) -> None:
        if dialog is not self.dialog:
            self.described[dialog.remote.tag] = sdp_of(request) or b""
        super()._take_offer(dialog, transaction, request, out)

    def _accepted(self, response: Response, out: list[Effect]) -> None:
        tag = response.to.tag or ""
        if self.is_answered and tag == self.dialog.remote.tag:
            if tag in self.acks:
                out.append(Send(self.acks[tag], self.dialog.flow))
            return
        if self.is_answered:
            self._end_loser(self._dialog_of(response, tag), out)
        else:
            self._confirm(self._dialog_of(response, tag), response, out)

    def _dialog_of(self, response: Response, tag: str) -> Dialog:
        """Find the early dialog of a 2xx, with what it says of route and target, or make one."""
        early = self.early.get(tag)
        if early is not None and not early.routes and "Record-Route" not in response.headers:
            early.refresh_target(response)
            return early
        dialog = dialog_of_response(self.request, response, self.flow, self.local)
        if early is not None:
            dialog.remote_cseq = early.remote_cseq
            dialog.local_cseq = early.local_cseq
        return dialog

    def _confirm(self, dialog: Dialog, response: Response, out: list[Effect]) -> None:
        sdp = self._description_of(response)
        self._drop_early()
        self.dialog = dialog
        self.is_answered = True
        self.note_methods(response)
        self.dialogs.add(dialog, self)
        if self.phase is Phase.CALLING:
            self.phase = Phase.ACCEPTED
            self.session.answered(response, out)
            self.tell(Answered(sdp, response.headers), out)
        else:
            # It crossed our CANCEL.
            self._send_ack(dialog, b"", out)
            self.bye(self.cancel_headers or (), out)

    def _description_of(self, response: Response) -> bytes | None:
        """Return the description of a 2xx; without one, what its phone said while it rang.

        Gateways answer the offer in an unreliable 183 and leave it at that, against RFC 3261
        section 13.2.1; some of them give the 2xx a tag that has not rung.
        """
        sdp, tag = sdp_of(response), response.to.tag or ""
        if tag in self.settled:
            return self.described[tag]
        if sdp is None:
            sdp = self.described.get(tag)
        if sdp is None and tag not in self.early and len(self.described) == 1:
            (sdp,) = self.described.values()
        return sdp

    def _end_loser(self, dialog: Dialog, out: list[Effect]) -> None:
        """Acknowledge the 2xx of another phone and say goodbye to it (section 13.2.2.4)."""
        tag = dialog.remote.tag
        if tag in self.acks:
            out.append(Send(self.acks[tag], dialog.flow))
        elif len(self.acks) < FORKS:
            self._send_ack(dialog, b"", out)
            self.dialogs.add(dialog, self)
            Farewell(self, dialog, "BYE", ()).start(out)

    def _send_ack(self, dialog: Dialog, sdp: bytes, out: list[Effect]) -> None:
        invite = self.request
        headers = credentials_in(invite)
        if sdp:
            headers.append(("Content-Type", SDP))
        ack = dialog.next_request("ACK", headers, sdp, cseq=invite.cseq.number)
        self.acks[dialog.remote.tag] = data = self.element.write(ack, dialog.flow)
        out.append(Send(data, dialog.flow))

    def _answer_challenge(self, response: Response, out: list[Effect]) -> bool:
        if self.credentials is None or self.challenges >= CHALLENGES:
            return False
        answer = self.credentials(self.request, response)
        if not answer:
            return False
        self.challenges += 1
        self._send_again(with_credentials(self.request, answer), out)
        return True

    def _ask_again(self, out: list[Effect]) -> None:
        """Send the INVITE once more with the session interval that the peer wants."""
        again = with_credentials(self.request, credentials_in(self.request))
        for name in ("Session-Expires", "Min-SE"):
            again.headers.remove(name)
        for name, value in self.session.ask():
            again.headers.add(name, value)
        self._send_again(again, out)

    def _send_again(self, request: Request, out: list[Effect]) -> None:
        self.request = request
        self._drop_early()
        self.described.clear()
        self.settled.clear()
        self.rseqs.clear()
        self.transaction = self.element.send(self.request, self.flow, self, out)

    def _fail(self, status: int, reason: str, headers: Headers, out: list[Effect]) -> None:
        self.close(out)
        self._drop_early()
        self.tell(Failed(status, reason or reason_of(status), headers), out)

    def _drop_early(self) -> None:
        for dialog in self.early.values():
            self.dialogs.forget(dialog)
        self.early.clear()
