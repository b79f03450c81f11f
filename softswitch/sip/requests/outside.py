"""Requests that we send outside dialogs, and how any request answers a challenge.

RFC 3261 sections 8.1.3.5 and 22.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from softswitch.sip.effects import Effect, Flow, PassUp
from softswitch.sip.element import Element
from softswitch.sip.events import NoResponse, Responded, ResponseEvent
from softswitch.sip.message.message import Request, Response
from softswitch.sip.transaction.client import ClientTransaction

MakeCredentials = Callable[[Request, Response], Sequence[tuple[str, str]]]
"Makes the headers that answer a challenge (401 or 407) of a request; none: it cannot be answered."

CHALLENGES = 3
"How often a request is sent again: for a proxy, for the server behind it, and for a stale nonce."

_CREDENTIALS = frozenset(("Authorization", "Proxy-Authorization"))
_REPLACED = _CREDENTIALS | {"Via", "CSeq"}


def credentials_in(request: Request) -> list[tuple[str, str]]:
    """The credentials that a request carries."""
    return [item for item in request.headers.items() if item[0] in _CREDENTIALS]


def with_earlier(credentials: Sequence[tuple[str, str]], request: Request) -> list[tuple[str, str]]:
    """The credentials, and those of the other kind that the challenged request carried.

    Where a proxy has asked for them and the server behind it asks for its own, each needs to see
    what it has asked for (RFC 3261 section 22.3).
    """
    new = {name for name, _ in credentials}
    return [*(item for item in credentials_in(request) if item[0] not in new), *credentials]


def with_credentials(request: Request, credentials: Sequence[tuple[str, str]]) -> Request:
    """Make the request anew with credentials and the next CSeq number, without a Via."""
    credentials = with_earlier(credentials, request)
    items = [item for item in request.headers.items() if item[0] not in _REPLACED]
    items += [("CSeq", f"{request.cseq.number + 1} {request.method}"), *credentials]
    return Request(request.method, request.uri_text, items, request.body)


class Outside:
    """A request outside dialogs, and the receiver of its final response."""

    __slots__ = ("challenges", "credentials", "element", "flow", "receiver", "transaction")

    def __init__(
        self,
        element: Element,
        request: Request,
        flow: Flow,
        *,
        receiver: Callable[[ResponseEvent], None],
        credentials: MakeCredentials | None,
        out: list[Effect],
    ) -> None:
        """Send the request, complete but for its Via."""
        self.element = element
        self.flow = flow
        self.receiver = receiver
        self.credentials = credentials
        self.challenges = 0
        self.transaction = element.send(request, flow, self, out)

    def receive_response(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Pass the final response up, unless it is a challenge that we can answer."""
        if transaction is not self.transaction or response.status < 200:
            return
        if (
            response.status in (401, 407)
            and self.credentials is not None
            and self.challenges < CHALLENGES
            and (answer := self.credentials(transaction.request, response))
        ):
            self.challenges += 1
            again = with_credentials(transaction.request, answer)
            self.transaction = self.element.send(again, self.flow, self, out)
        else:
            out.append(PassUp(Responded(response), self.receiver))

    def transaction_failed(
        self, transaction: ClientTransaction, reason: str, out: list[Effect]
    ) -> None:
        """Pass the news up that there will be no final response."""
        if transaction is self.transaction:
            out.append(PassUp(NoResponse(reason), self.receiver))
