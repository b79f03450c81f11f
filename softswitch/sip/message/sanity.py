"""What a message must have before it is acted upon (RFC 3261 sections 8.1.1 and 16.3)."""

from __future__ import annotations

from softswitch.sip.message.address import STAR
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import HEADERS
from softswitch.sip.message.message import Message, Request, Response
from softswitch.sip.message.uri import OtherUri, SipUri

_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
_READ_AHEAD = (
    "Max-Forwards",
    "Content-Type",
    "Route",
    "Record-Route",
    "Session-Expires",
    "Min-SE",
    "RAck",
)


def check_request(request: Request) -> MessageError | None:
    """Return what is wrong with a new request, with the status to answer; None when it is sane.

    Everything that the core needs is read here once, so that code behind it meets no MessageError
    in the mandatory headers, Contact and those of `_READ_AHEAD`, in the URIs of From, To and
    Contact, or in the Request-URI. A From without a tag passes: RFC 2543 had none.
    """
    try:
        _check_uri(request)
        _check_mandatory(request)
        _check_addresses(request)
        for name in _READ_AHEAD:
            request.headers.read(name)
        if request.cseq.method != request.method:
            raise MessageError(f"CSeq: its method is not {request.method}")
    except MessageError as error:
        return error
    return None


def check_response(response: Response) -> MessageError | None:
    """Return why a response has to be dropped, None when what it is matched by can be read.

    What else is wrong with it must not keep a call waiting for its end.
    """
    try:
        _check_mandatory(response)
    except MessageError as error:
        return error
    return None


def _check_uri(request: Request) -> None:
    uri = request.uri
    if isinstance(uri, OtherUri):
        raise MessageError(f"Request-URI: scheme {uri.scheme!r} is not spoken here", 416)
    if isinstance(uri, SipUri) and uri.headers:
        raise MessageError("Request-URI: holds headers, which section 19.1.1 forbids")


def _check_mandatory(message: Message) -> None:
    """Refuse what lacks a mandatory header, or has two of what may be there once."""
    headers = message.headers
    for name in _MANDATORY:
        if headers.read(name) is None:
            raise MessageError(f"{name}: missing")
    names = [name for name, _ in headers.items()]
    if len(set(names)) != len(names):
        for name in set(names):
            if name in HEADERS and HEADERS[name].is_single and names.count(name) > 1:
                raise MessageError(f"{name}: given twice")


def _check_addresses(request: Request) -> None:
    """Read the URIs of Contact, From and To."""
    contacts = request.contacts
    name = "Contact"
    try:
        if contacts is not STAR:
            for contact in contacts:
                _ = contact.uri
        name = "From"
        _ = request.from_.uri
        name = "To"
        _ = request.to.uri
    except MessageError as error:
        raise MessageError(f"{name}: {error}", error.status) from None
