"""Requests that we send inside a dialog: any question, and the BYE (RFC 3261 12.2.1, 15.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from softswitch.sip.dialog.dialog import Dialog, Dialogs
from softswitch.sip.effects import Effect, PassUp
from softswitch.sip.element import Element
from softswitch.sip.events import NoResponse, Responded, ResponseEvent
from softswitch.sip.message.headers import RAck
from softswitch.sip.message.message import Response
from softswitch.sip.requests.outside import CHALLENGES, MakeCredentials, with_earlier
from softswitch.sip.transaction.client import ClientTransaction

Header = tuple[str, str]


class Requester(Protocol):
    """The usage in whose name a request is sent."""

    @property
    def element(self) -> Element:
        """What sends it."""

    @property
    def dialogs(self) -> Dialogs:
        """Where the dialog is known."""

    @property
    def credentials(self) -> MakeCredentials | None:
        """What answers a challenge of the peer."""

    def lost(self, reason: str, out: list[Effect]) -> None:
        """Take the news that the peer does not know the dialog any more (section 12.2.1.2)."""


U = TypeVar("U", bound=Requester)


class InDialog(Generic[U]):
    """A request of ours in a dialog, and what is needed to send it again after a challenge."""

    __slots__ = ("body", "challenges", "dialog", "headers", "method", "transaction", "usage")

    def __init__(
        self,
        usage: U,
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
        self.transaction = self.usage.element.send(request, self.dialog.flow, self, out)

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
        self.start(out, with_earlier(answer, transaction.request))
        return True

    def transaction_failed(
        self, transaction: ClientTransaction, reason: str, out: list[Effect]
    ) -> None:
        """Take the news that no final response will come."""
        if transaction is self.transaction:
            self.unanswered(reason, out)

    def may_return(self, reason: str) -> bool:
        """Whether only the connection is gone: its phone may be there and make another one."""
        return reason == "transport error" and self.dialog.flow.reliable

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Take the final response."""
        raise NotImplementedError

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Take the news that there is none: `timeout` or `transport error`."""
        raise NotImplementedError


class Inquiry(InDialog[Requester]):
    """A request whose response somebody waits for: INFO, OPTIONS, NOTIFY, REFER, …"""

    __slots__ = ("receiver",)

    def __init__(
        self,
        usage: Requester,
        dialog: Dialog,
        method: str,
        headers: Sequence[Header],
        body: bytes,
        *,
        receiver: Callable[[ResponseEvent], None],
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


class Acknowledgement(InDialog[Requester]):
    """The PRACK of a reliable provisional response; whoever misses it repeats that (RFC 3262)."""

    __slots__ = ()

    def __init__(self, usage: Requester, dialog: Dialog, rack: RAck) -> None:
        super().__init__(usage, dialog, "PRACK", [("RAck", str(rack))])

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Go on, whatever it was: the INVITE tells how the call goes."""

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Go on: the INVITE tells how the call goes."""


class Farewell(InDialog[Requester]):
    """The BYE. Whatever comes of it, the dialog is forgotten afterwards."""

    __slots__ = ()

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Forget the dialog."""
        self.usage.dialogs.forget(self.dialog)

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Forget the dialog."""
        self.usage.dialogs.forget(self.dialog)
