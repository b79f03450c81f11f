"""Reasons to refuse a new request that do not depend on its sender (RFC 3261 section 8.2).

So the refusal tells an unauthenticated sender nothing that it did not know.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from softswitch.sip.message.message import Request
from softswitch.sip.transaction.layer import Layer

FORWARDED = frozenset(("INVITE", "MESSAGE"))
"What goes on to another party, so that Max-Forwards counts."


def refusal(request: Request, layer: Layer) -> int | None:
    """Return the status to refuse a request outside dialogs with, None when it may be taken."""
    if layer.is_merged(request) or _is_looping(request, layer):
        return 482
    if request.method in FORWARDED and request.max_forwards == 0:
        return 483
    if request.method == "INVITE" and request.contact is None:
        return 400
    return None


def unsupported_by(request: Request, extensions: AbstractSet[str]) -> list[str]:
    """Return the option tags that the request requires and that are not among `extensions`."""
    headers = request.headers
    if "Require" not in headers and "Proxy-Require" not in headers:
        return []
    required = [*request.tokens("Require"), *request.tokens("Proxy-Require")]
    return [tag for tag in required if tag.lower() not in extensions]


def _is_looping(request: Request, layer: Layer) -> bool:
    """Tell whether our own request came back unchanged through proxies (section 16.3, point 4).

    One with another Request-URI is a spiral and may go on; Max-Forwards ends it.
    """
    for via in request.vias[1:]:
        ours = layer.clients.get((via.branch, request.method))
        if ours is not None and ours.request.uri.equivalent(request.uri):
            return True
    return False
