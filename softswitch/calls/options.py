"""The answer to OPTIONS: the capabilities of the switch (RFC 3261 section 11.2)."""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.message import Request, Response, response_to

ACCEPT = ("Accept", "application/sdp, text/plain")


def capabilities(
    endpoint: Endpoint, request: Request, more: Iterable[tuple[str, str]] = ()
) -> Response:
    """The 200 to an OPTIONS outside of dialogs; `more` headers are for those whom they concern."""
    headers: Iterable[tuple[str, str]] = (
        *endpoint.capabilities,
        *more,
        ACCEPT,
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "en"),
    )
    return response_to(request, 200, to_tag=None, headers=headers)
