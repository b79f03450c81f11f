"""Reasons to refuse a new request that do not depend on its sender (RFC 3261 section 8.2).

So the refusal tells an unauthenticated sender nothing that it did not know.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import is_sips
from softswitch.sip.transaction.layer import Layer

SIPS_NOT_ALLOWED = ("Warning", '380 softswitch "SIPS Not Allowed"')
"Goes with the 480 to what would go on without TLS (RFC 5630 section 5.3)."
SIPS_REQUIRED = ("Warning", '381 softswitch "SIPS Required"')
"Goes with the 480 to what may only go on with TLS on every hop, and did not come so (section 4)."

FORWARDED = frozenset(("INVITE", "MESSAGE"))
"What goes on to another party, so that Max-Forwards counts."


def refusal(request: Request, layer: Layer) -> int | None:
    """Return the status to refuse a request outside dialogs with, None when it may be taken."""
    if layer.is_merged(request) or _is_looping(request, layer):
        return 482
    if request.method in FORWARDED and request.max_forwards == 0:
        return 483
    contact = request.contact
    if request.method == "INVITE" and contact is None and not _is_old(request):
        return 400
    if contact is not None and is_sips(request.uri) and not is_sips(contact.uri):
        return 400
    return None


def _is_old(request: Request) -> bool:
    """Tell whether an INVITE without Contact comes from an RFC 2543 element, which needs none."""
    return not request.via.has_cookie and "Contact" not in request.headers


def is_insecure(request: Request, flow: Flow) -> bool:
    """Tell whether a request with a `sips:` URI came by a hop that TLS does not protect."""
    if flow.is_secure:
        return False
    contact = request.contact
    return is_sips(request.uri) or (contact is not None and is_sips(contact.uri))


def contact_scheme(invite: Request) -> str:
    """Return the scheme that our Contact in its responses must have (RFC 3261 section 12.1.1)."""
    hops = invite.headers.get_all("Record-Route")
    top = hops[0].lstrip().lower() if hops else ""
    contact = None if hops else invite.contact
    secure = is_sips(invite.uri) or "sips:" in top.partition(">")[0]
    return "sips" if secure or (contact is not None and is_sips(contact.uri)) else "sip"


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
