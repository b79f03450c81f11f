"""The state of an INVITE usage, and the steps that users and peers alike cause (RFC 3261 13 to 15).

A usage (the word is RFC 5057's) lives from the INVITE to the end of its BYE. `invite_requests` adds
what the peer may ask for in the dialog, `invite` what the user does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from softswitch.sip.dialog.accepted import Unacknowledged
from softswitch.sip.dialog.dialog import Dialog, Dialogs
from softswitch.sip.dialog.in_dialog import Farewell
from softswitch.sip.dialog.reinvite import Reinvite
from softswitch.sip.dialog.session_timer import SessionTimer
from softswitch.sip.effects import Effect, PassUp
from softswitch.sip.element import Element
from softswitch.sip.events import Acknowledged, Ended, UsageEvent
from softswitch.sip.message.body import SDP
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.requests.outside import MakeCredentials
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


class InviteState:
    """Where the usage stands; `receiver` is told the events of `sip/events.py`."""

    __slots__ = (
        "contact",
        "credentials",
        "described_as",
        "dialog",
        "dialogs",
        "element",
        "phase",
        "receiver",
        "reinvite",
        "reoffer",
        "session",
        "takes_update",
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
        self.session = SessionTimer(self, element.session_terms(dialog.flow))
        self.described_as = b""
        "Our description that stands."
        self.takes_update = False
        "Whether the peer says that it takes UPDATE."
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

    def is_settled(self, dialog: Dialog) -> bool:
        """Whether offer and answer have been exchanged reliably in this early dialog.

        Then either side may make another offer by UPDATE (RFC 3311 section 5.1).
        """
        return False

    def tell(self, event: UsageEvent, out: list[Effect]) -> None:
        """Pass an event up."""
        out.append(PassUp(event, self.receiver))

    def hangup(self, headers: HeaderList, status: int, out: list[Effect]) -> None:
        """End the usage from whatever state; nothing is told."""
        raise NotImplementedError

    def refresh(self, out: list[Effect]) -> None:
        """Refresh the session."""
        raise NotImplementedError

    def note_methods(self, message: Request | Response) -> None:
        """Take note of what the peer takes; a peer that does not say so takes no UPDATE."""
        allowed = message.headers.get("Allow")
        if allowed is not None:
            self.takes_update = "UPDATE" in allowed

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
            self.hangup([("Reason", f'Q.850;cause=102;text="{reason}"')], 480, out)
            self.tell(Ended(False, reason), out)

    def bye(self, headers: HeaderList, out: list[Effect]) -> None:
        """Send the BYE; until it is answered the dialog stays known, for the peer may send one."""
        self.close(out)
        Farewell(self, self.dialog, "BYE", tuple(headers)).start(out)

    def close(self, out: list[Effect]) -> None:
        """Answer whatever the peer still waits for."""
        self.phase = Phase.ENDED
        self.session.stop()
        self.unacknowledged = None
        self.reinvite = None
        if self.reoffer is not None:
            self._respond(self.reoffer, 487, out)
            self.reoffer = None
        for transaction in self.waiting:
            self._respond(transaction, 487, out)
        self.waiting.clear()

    def _acknowledged(self, sdp: bytes | None, out: list[Effect]) -> None:
        self.unacknowledged = None
        if self.phase is Phase.ACCEPTED:
            self.phase = Phase.CONFIRMED
        self.tell(Acknowledged(sdp), out)

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
