"""The subscription that a SUBSCRIBE makes, as its notifier sees it (RFC 6665 section 4.2).

One NOTIFY is on its way at a time, and a pause follows each. What changes meanwhile is told once,
by a NOTIFY that is made when it is sent: so a watcher that answers slowly, or never, costs no more
than one message, and what it gets last is how things are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from softswitch.sip.dialog.dialog import Dialog, Dialogs, dialog_of_request
from softswitch.sip.dialog.in_dialog import Header
from softswitch.sip.effects import Effect, Flow, PassUp, Send, SetTimer
from softswitch.sip.element import Element
from softswitch.sip.events import Resubscribed, SubscriptionEvent, SubscriptionOver
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.requests.screening import contact_scheme
from softswitch.sip.subscription.event import (
    BAD_EVENT,
    EndReason,
    EventType,
    active,
    read_event,
    terminated,
)
from softswitch.sip.subscription.notify import NotifyTemplate
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.server import ServerTransaction

FATAL = frozenset((404, 405, 410, 416, *range(480, 486), 489, 501, 604))
"Responses to a NOTIFY that end its subscription (section 4.2.2)."
RETRY = 5.0
"Seconds until another NOTIFY after one that failed otherwise."
TRIES = 7
"NOTIFYs in a row that may fail; over a broken connection that takes about as long as Timer F."
NEARLY = 0.01
"Seconds by which a timer may fire early."

Document = Callable[[int], bytes]
"Makes the document of a subscription; its argument is the version, which begins at 0."


class NotifierTerms(NamedTuple):
    """What the subscriptions of an event package have in common."""

    content_type: str
    pause: float
    "Seconds between two NOTIFYs of a subscription."
    allow_events: Header
    "The packages that are known, for the answers to SUBSCRIBE."
    shared: tuple[Header, ...] = ()
    "What stands in every NOTIFY beside, and in the answers that take a SUBSCRIBE."


class Subscription:
    """One watcher of one resource, in a dialog of its own."""

    __slots__ = (
        "_armed_until",
        "_contact",
        "_document",
        "_is_waiting",
        "_next_at",
        "_notice",
        "_now",
        "_receiver",
        "_template",
        "dialog",
        "dialogs",
        "element",
        "event",
        "failures",
        "is_busy",
        "is_over",
        "is_stale",
        "terms",
        "until",
        "version",
    )

    def __init__(
        self,
        element: Element,
        dialogs: Dialogs,
        request: Request,
        flow: Flow,
        *,
        event: EventType,
        terms: NotifierTerms,
        document: Document,
        receiver: Callable[[SubscriptionEvent], None],
        now: Callable[[], float],
    ) -> None:
        """Take a SUBSCRIBE; `begin` answers it. `now` is in seconds of the clock of timers.

        Raises MessageError, before anything is allocated, when its Contact is of no use.
        """
        if request.contact is None:
            raise MessageError("Contact: missing")
        self.dialog = dialog_of_request(request, flow, element.token())
        self.element = element
        self.dialogs = dialogs
        self.event = event
        self.terms = terms
        self.version = -1
        "Of the document that was sent last."
        self.until = 0.0
        "When it expires."
        self.is_over = False
        self.is_busy = False
        "Whether a NOTIFY is on its way."
        self.is_stale = False
        "Whether the state has changed since it was told."
        user = getattr(request.uri, "user_text", None)
        self._contact = element.contact(flow, user, contact_scheme(request))
        self._document = document
        self._receiver = receiver
        self._now = now
        self._armed_until = 0.0
        "When the timer of the expiry fires that is set; a later one is not needed."
        self._next_at = 0.0
        "When the pause after the last NOTIFY ends."
        self._is_waiting = False
        "Whether a timer ends the pause."
        self.failures = 0
        "NOTIFYs in a row that have failed: what was in them was not heard."
        self._notice: ClientTransaction | None = None
        "The NOTIFY that was sent last."
        self._template: NotifyTemplate | None = None

    # ------------------------------------------------------------ what the notifier does

    def begin(self, transaction: ServerTransaction, seconds: int, out: list[Effect]) -> None:
        """Answer the SUBSCRIBE, and send the first NOTIFY; 0 seconds: the only one (a fetch)."""
        self.dialogs.add(self.dialog, self)
        self.refresh(transaction, seconds, out)

    def refresh(self, transaction: ServerTransaction, seconds: int, out: list[Effect]) -> None:
        """Go on for so many seconds; 0 ends it. The state is told at once, in both cases."""
        headers = [("Contact", self._contact), ("Expires", str(seconds)), self.terms.allow_events]
        headers += self.terms.shared
        self._respond(transaction, 200, headers, out)
        if seconds == 0:
            self.end(EndReason.TIMEOUT, out)
            return
        now = self._now()
        self.until = now + seconds
        if not now < self._armed_until <= self.until:
            self._armed_until = self.until
            out.append(SetTimer(self, "expiry", seconds))
        self._next_at = now
        self.changed(out)

    def refuse(
        self,
        transaction: ServerTransaction,
        status: int,
        headers: Sequence[Header],
        out: list[Effect],
    ) -> None:
        """Refuse a refresh; the subscription goes on as it was (section 4.1.2.3)."""
        self._respond(transaction, status, headers, out)

    def changed(self, out: list[Effect]) -> None:
        """Tell the state anew, as soon as the last NOTIFY is answered and the pause is over."""
        self.is_stale = True
        if self.is_busy or self.is_over:
            return
        now = self._now()
        if now < self._next_at - NEARLY:
            if not self._is_waiting:
                self._is_waiting = True
                out.append(SetTimer(self, "pause", self._next_at - now))
            return
        self.is_stale, self.is_busy = False, True
        self._next_at = now + self.terms.pause
        self._notify(active(self.until - now), out)

    def end(self, reason: EndReason, out: list[Effect], retry_after: int = 0) -> None:
        """Say goodbye, with the state as it is; nothing is told to the receiver."""
        if not self.is_over:
            self._forget()
            self._notify(terminated(reason, retry_after), out)

    # ------------------------------------------------------------ what the watcher does

    def receive_request(
        self, dialog: Dialog, request: Request, flow: Flow, out: list[Effect]
    ) -> None:
        """Take a request in the dialog; only SUBSCRIBE to the same event means anything."""
        if not dialog.in_order(request):
            out.append(Send(response_to(request, 500, to_tag=None).to_bytes(), flow))
            return
        transaction = self.element.layer.accept(request, flow, None, out)
        if request.method != "SUBSCRIBE":
            self.element.refuse_method(transaction, out)
            return
        try:
            event = read_event(request)
        except MessageError as error:
            self._respond(transaction, error.status, [self.terms.allow_events], out)
            return
        if event != self.event:
            self._respond(transaction, BAD_EVENT, [self.terms.allow_events], out)
            return
        dialog.refresh_target(request)
        dialog.follow(transaction.flow)
        out.append(PassUp(Resubscribed(request, transaction), self._receiver))

    def receive_ack(
        self, transaction: ServerTransaction | None, ack: Request, out: list[Effect]
    ) -> None:
        """Ignore an ACK: there is no INVITE in this dialog."""

    def receive_response(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Take a response to a NOTIFY; what comes of the last one means nothing any more."""
        status = response.status
        if status < 200 or self.is_over or transaction is not self._notice:
            return
        self.is_busy = False
        if status < 300:
            self.failures = 0
            if self.is_stale:
                self.changed(out)
        elif status in FATAL:
            self._lost(str(status), out)
        else:
            self._failed(str(status), out)

    def transaction_failed(
        self, transaction: ClientTransaction, reason: str, out: list[Effect]
    ) -> None:
        """End the subscription of a watcher that does not answer (section 4.2.2).

        One that only cannot be reached may be on its way back.
        """
        if self.is_over or transaction is not self._notice:
            return
        self.is_busy = False
        if reason == "timeout":
            self._lost(reason, out)
        else:
            self._failed(reason, out)

    def _failed(self, reason: str, out: list[Effect]) -> None:
        """Try once more after a NOTIFY that has failed, unless too many have."""
        self.failures += 1
        if self.failures >= TRIES:
            self._lost(reason, out)
        else:
            self._next_at = self._now() + RETRY
            self.changed(out)

    def _lost(self, reason: str, out: list[Effect]) -> None:
        """End it without a word: the watcher is not there, or does not know it any more."""
        self._forget()
        out.append(PassUp(SubscriptionOver(reason), self._receiver))

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Take a timer: the end of the pause, or perhaps of the subscription."""
        if self.is_over:
            return
        if timer == "pause":
            self._is_waiting = False
            if self.is_stale:
                self.changed(out)
            return
        now = self._now()
        if now < self._armed_until - NEARLY:
            return  # another one is set
        if now < self.until - NEARLY:
            self._armed_until = self.until
            out.append(SetTimer(self, "expiry", self.until - now))
            return
        self.end(EndReason.TIMEOUT, out)
        out.append(PassUp(SubscriptionOver("expired"), self._receiver))

    def transport_failed(self, out: list[Effect]) -> None:
        """Nothing is sent in its own name but by transactions, which are told themselves."""

    # ------------------------------------------------------------ steps

    def _forget(self) -> None:
        self.is_over = True
        self.dialogs.forget(self.dialog)

    def _notify(self, state: str, out: list[Effect]) -> None:
        self.version += 1
        body, dialog, element = self._document(self.version), self.dialog, self.element
        template = self._template
        if template is None or not template.is_for(dialog):
            shared = [("Contact", self._contact), ("Event", str(self.event)), *self.terms.shared]
            kind = self.terms.content_type
            template = self._template = NotifyTemplate(element, dialog, shared, kind)
        dialog.local_cseq += 1
        branch = element.branch()
        notify = template.written(branch, dialog.local_cseq, state, body)
        self._notice = element.layer.request(notify, branch, dialog.flow, self, out)

    def _respond(
        self,
        transaction: ServerTransaction,
        status: int,
        headers: Sequence[Header],
        out: list[Effect],
    ) -> None:
        tag = self.dialog.local.tag
        response = response_to(transaction.request, status, to_tag=tag, headers=headers)
        self.element.layer.respond(transaction, response, out)
