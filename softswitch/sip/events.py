"""What the core tells the code above it: new requests, responses, and the life of an INVITE usage.

`NewRequest` goes to the front desk; the others to the receiver that was given when the request or
the usage was made. A `body` is None when the message carried no session description.
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.sip.effects import Flow
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.message import Request, Response
from softswitch.sip.transaction.server import ServerTransaction


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A sane request outside every transaction and dialog; nothing has been allocated for it.

    Answer with `Endpoint.respond_statelessly`, or allocate with `Endpoint.accept`.
    """

    request: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class Responded:
    """A response to a request that was sent with `Endpoint.request`."""

    response: Response


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No final response will come to a request that was sent with `Endpoint.request`."""

    reason: str
    "`timeout` or `transport error`."


@dataclass(frozen=True, slots=True)
class Ringing:
    """A provisional response (101 to 199) to our INVITE; with a description it is early media."""

    status: int
    sdp: bytes | None
    headers: Headers
    to_tag: str | None
    "Which of several phones behind one INVITE says so (its early dialog)."


@dataclass(frozen=True, slots=True)
class Answered:
    """The first 2xx to our INVITE; `acknowledge` sends the ACK."""

    sdp: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Failed:
    """Our INVITE ended without a 2xx; a 408 or 503 of our own when nothing came or nothing left."""

    status: int
    reason: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The ACK of our 2xx has come; with a description it answers our late offer."""

    sdp: bytes | None


@dataclass(frozen=True, slots=True)
class Reoffered:
    """The peer wants to change the media: a re-INVITE or UPDATE waits for its answer."""

    sdp: bytes | None
    "None: the peer asks for our offer (a re-INVITE without a description)."


@dataclass(frozen=True, slots=True)
class Reinvited:
    """Our re-INVITE came to an end: 200 to 299 it was accepted, otherwise refused."""

    status: int
    reason: str
    sdp: bytes | None


@dataclass(frozen=True, slots=True)
class Redescribed:
    """The peer has answered an offer that the core made again by itself.

    It may repeat what is known; a session was refreshed, or the answer of a phone that rang was
    sent and another one counts.
    """

    sdp: bytes


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO of the peer, answered with 200 already."""

    content_type: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """Another request of the peer in the dialog (REFER, …) whose method was asked for."""

    request: Request
    transaction: ServerTransaction


@dataclass(frozen=True, slots=True)
class Ended:
    """The dialog is over."""

    by_peer: bool
    reason: str
    "In a word: `BYE`, `CANCEL`, `no ACK`, `timeout`, `transport error` or the status of a refusal."
    headers: Headers | None = None
    "Of the message that ended it, for its Reason header."


@dataclass(frozen=True, slots=True)
class Resubscribed:
    """A SUBSCRIBE in the dialog of a subscription: a refresh, or with Expires 0 its end."""

    request: Request
    transaction: ServerTransaction


@dataclass(frozen=True, slots=True)
class SubscriptionOver:
    """A subscription is over: it has expired, or its NOTIFYs reach nobody any more."""

    reason: str
    "In a word: `expired`, `timeout`, `transport error` or the status of a refusal."


SubscriptionEvent = Resubscribed | SubscriptionOver
"What happens in the life of a subscription."

ResponseEvent = Responded | NoResponse
"What came of a request that is no INVITE."

UsageEvent = (
    Ringing
    | Answered
    | Failed
    | Acknowledged
    | Reoffered
    | Reinvited
    | Redescribed
    | InfoReceived
    | RequestReceived
    | Ended
)
"What happens in the life of an INVITE usage."
