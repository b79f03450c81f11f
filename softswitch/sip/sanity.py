"""What a request must have before anybody looks further (RFC 3261 sections 8.1.1 and 16.3)."""

from __future__ import annotations

from softswitch.sip.grammar import MessageError
from softswitch.sip.headers import HEADERS
from softswitch.sip.message import Request
from softswitch.sip.uri import OtherUri

_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")


def check_request(request: Request) -> MessageError | None:
    """Return what is wrong with a new request, with the status to answer; None when it is sane.

    Everything that a core needs is read here once, so that later code meets no MessageError in
    Via, From, To, Call-ID, CSeq, Max-Forwards, Contact or the Request-URI.
    """
    try:
        _check(request)
    except MessageError as error:
        error.request = request
        return error
    return None


def _check(request: Request) -> None:
    headers = request.headers
    for name in _MANDATORY:
        if headers.read(name) is None:
            raise MessageError(f"{name}: missing")
    _check_single(request)
    if request.cseq.method != request.method:
        raise MessageError(f"CSeq: the method is not {request.method}")
    if isinstance(request.uri, OtherUri):
        raise MessageError(f"Request-URI: scheme {request.uri.scheme!r} is not spoken here", 416)
    headers.read("Max-Forwards")
    headers.read("Contact")


def _check_single(request: Request) -> None:
    """Refuse a second line of a header that may stand only once."""
    seen: set[str] = set()
    for name, _ in request.headers.items():
        if name in seen and name in HEADERS and HEADERS[name].is_single:
            raise MessageError(f"{name}: given twice")
        seen.add(name)
