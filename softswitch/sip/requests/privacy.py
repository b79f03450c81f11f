"""Callers who do not want to be shown (RFC 3323 section 4, RFC 3325 section 9)."""

from __future__ import annotations

from typing import Final

from softswitch.sip.message.address import Address
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import SipUri, sip_uri

NOBODY: Final = Address(sip_uri("anonymous", "anonymous.invalid"), "Anonymous")
"Who a callee sees instead of such a caller (RFC 3323 section 4.1.1.3)."

HIDES: Final = ("Privacy", "id")
"Asks whoever knows the identity not to show it (RFC 3325 section 9.3)."

_WISHES = frozenset(("id", "user", "header"))


def is_anonymous(address: Address) -> bool:
    """Whether a From names nobody. Raises MessageError when its URI cannot be read."""
    uri = address.uri
    if not isinstance(uri, SipUri):
        return False
    return (uri.user or "").lower() == "anonymous" or uri.host == "anonymous.invalid"


def wants_privacy(request: Request) -> bool:
    """Whether the caller is not to be shown: its From names nobody, or Privacy asks for it."""
    asked = (request.headers.get("Privacy") or "").lower().split(";")
    return is_anonymous(request.from_) or not _WISHES.isdisjoint(wish.strip() for wish in asked)


def asserted(request: Request) -> Address | None:
    """The first P-Asserted-Identity, which only a trusted peer may give.

    Raises MessageError when it cannot be read.
    """
    return _first(request, "P-Asserted-Identity")


def preferred(request: Request) -> Address | None:
    """The identity that a phone of ours would like to show (RFC 3325 section 9.2).

    Raises MessageError when it cannot be read.
    """
    return _first(request, "P-Preferred-Identity")


def _first(request: Request, name: str) -> Address | None:
    identities = request.headers.read(name)
    first = identities[0] if isinstance(identities, list) and identities else None
    return first if isinstance(first, Address) and first.uri else None
