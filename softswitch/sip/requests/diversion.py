"""Calls that were sent on to another number: Diversion (RFC 5806) and History-Info (RFC 7044).

Both say the same to peers of two generations: whom the caller wanted, and why that was not the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import Uri

Header = tuple[str, str]

REASONS = {
    301: "unconditional",
    302: "deflection",
    305: "deflection",
    404: "unknown",
    408: "no-answer",
    480: "unavailable",
    486: "user-busy",
    487: "no-answer",
    503: "out-of-service",
    600: "user-busy",
    603: "do-not-disturb",
}
"The reason of RFC 5806 section 9.1 for the final response that a number ended with."

GIVEN = frozenset(
    ("unknown", "user-busy", "no-answer", "unavailable", "unconditional", "time-of-day")
) | {"do-not-disturb", "deflection", "follow-me", "out-of-service", "away"}
"What a phone that redirects may give as its reason."


MOST = 10
"Numbers that a peer may say a call has come by; earlier ones are left out."


class Diversion(NamedTuple):
    """One number that did not keep the call."""

    uri: Uri
    status: int
    "The final response that it ended with, or that stands for it (302 for a command)."
    reason: str

    @classmethod
    def of(
        cls, uri: Uri, status: int, headers: Headers | None = None, reason: str = ""
    ) -> Diversion:
        """A number that ended with this response, whose Diversion may give the reason."""
        return cls(uri, status, reason or _given(headers) or REASONS.get(status, "unknown"))


def diversion_headers(diversions: Sequence[Diversion], target: Uri) -> list[Header]:
    """The headers of an INVITE to `target` after these, in the order in which they happened."""
    if not diversions:
        return []
    found = [
        ("Diversion", f"<{diversion.uri}>;reason={diversion.reason};counter=1")
        for diversion in reversed(diversions)
    ]
    index = "1"
    for number, diversion in enumerate(diversions):
        why = f"Reason=SIP%3Bcause%3D{diversion.status}"
        aimed = f";mp={index[:-2]}" if number else ""
        found.append(("History-Info", f"<{diversion.uri}?{why}>;index={index}{aimed}"))
        index += ".1"
    found.append(("History-Info", f"<{target}>;index={index};mp={index[:-2]}"))
    return found


def given_diversions(request: Request) -> list[Diversion]:
    """The numbers that a trusted peer says a call has come by, the first one first.

    Raises MessageError when they cannot be read.
    """
    values = request.headers.read("Diversion")
    found = []
    for value in reversed(values) if isinstance(values, list) else ():
        reason = _reason(value)
        status = next((code for code, word in REASONS.items() if word == reason), 302)
        found.append(Diversion(value.uri, status, reason or "unknown"))
    return found[-MOST:]


def _given(headers: Headers | None) -> str:
    """The reason that a redirecting phone names; empty when it names none of ours."""
    try:
        values = headers.read("Diversion") if headers is not None else None
    except MessageError:
        return ""
    first = values[0] if isinstance(values, list) and values else None
    return _reason(first) if isinstance(first, Address) else ""


def _reason(value: Address) -> str:
    """The reason of a Diversion value; empty for one that is none of ours."""
    reason = (value.parameters.get("reason") or "").strip('"').lower() if value.parameters else ""
    return reason if reason in GIVEN else ""
