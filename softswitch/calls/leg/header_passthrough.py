"""Which headers go from one leg to the other (RFC 3261 section 8.1, RFC 7092 section 3).

Leg B is built from a whitelist: what is not in these tables ends at the switch. Via, Route,
Record-Route, Contact, Require, credentials, and every identity that a phone could claim
(P-Asserted-Identity, Diversion, History-Info, Remote-Party-ID) belong to one leg only, and the
switch writes those of the other leg itself (`setup/dialler.py`); Alert-Info,
Call-Info and Answer-Mode would let a caller make a phone fetch a URL or answer by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from softswitch.sdp.description import DescriptionError
from softswitch.sip.message.grammar import quote
from softswitch.sip.message.headers import Headers

Header = tuple[str, str]

REQUEST = ("Subject", "Priority", "Organization", "User-to-User", "In-Reply-To", "Accept-Language")
"From the caller's INVITE to the callee's."

PROVISIONAL = ("User-to-User",)
"From the callee's 1xx and 2xx to the caller's."

FINAL = ("Reason", "Retry-After", "Warning", "User-to-User")
"From the callee's final refusal to the caller's."

_LONGEST = 512
"Octets of a value that is passed on; a longer one is dropped."

_REASON = re.compile(r'(?:SIP|Q\.850)[ \t]*;[\w\-.;="\', ()\t]{1,200}', re.ASCII | re.IGNORECASE)


def passed(headers: Headers, names: Iterable[str]) -> list[Header]:
    """The headers that may go on to the other leg, in the table's order."""
    return [
        (name, value) for name in names for value in headers.get_all(name) if len(value) <= _LONGEST
    ]


def passed_reason(value: str | None) -> str | None:
    """A Reason value of one leg, if it is plain enough for the other one (RFC 3326)."""
    return value if value is not None and _REASON.fullmatch(value) else None


def fewer_hops(max_forwards: int | None) -> int | None:
    """Max-Forwards of leg B for that of leg A; None when the request must not go on (483)."""
    if max_forwards is None:
        return 69
    return max_forwards - 1 if max_forwards > 0 else None


def warning(error: DescriptionError, agent: str) -> Header:
    """The Warning header that says why a description was refused (RFC 3261 section 20.43)."""
    return ("Warning", f"{error.warning} {agent} {quote(str(error)[:80])}")
