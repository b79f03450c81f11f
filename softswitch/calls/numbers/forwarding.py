"""Calls that go on to another number: by a phone's 3xx or by a command (RFC 3261 section 8.1.3.4).

A redirect is handled here and never shown to the caller. It leads to extensions only: a caller
who can make a phone answer 302 must not reach a trunk with it. A command may.
"""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.calls.numbers.routing import COMMAND, Rights, Routing, Unroutable
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.uri import is_sips

REDIRECTS = frozenset((300, 301, 302, 305))
"Redirects whose contacts are followed; 380 only describes other services."

MOST_FORWARDS = 5
"How often one call may be sent on to another number."


class Forwarded(Exception):
    """Raised inside a call's task: ring this number instead."""

    def __init__(
        self,
        number: str,
        rights: Rights = COMMAND,
        others: Sequence[str] = (),
        *,
        status: int = 302,
        headers: Headers | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(number)
        self.status = status
        "The response that sent the call on; 302 stands for a command."
        self.headers = headers
        "Its headers."
        self.reason = reason
        "Why, in a word of Diversion (RFC 5806); empty where the status or the headers say it."
        self.number = number
        self.rights = rights
        "Which routes the numbers may take."
        self.others = tuple(others)
        "The numbers to ring when nobody answers at the first, one after the other."


def redirected_to(status: int, headers: Headers, routing: Routing, *, sips: bool) -> list[str]:
    """The numbers of ours among the contacts of a redirect, the highest q first.

    `sips` says whether the call has that scheme; one that does not leads to no `sips:` contact.
    """
    if status not in REDIRECTS:
        return []
    try:
        contacts = headers.read("Contact")
    except MessageError:
        return []
    numbers: list[tuple[float, str]] = []
    for contact in contacts if isinstance(contacts, list) else ():
        try:
            if sips or not is_sips(contact.uri):
                numbers.append((contact.q, routing.dialled(contact.uri)))
        except (Unroutable, MessageError):
            continue
    numbers.sort(key=lambda found: -found[0])
    return list(dict.fromkeys(number for _, number in numbers))
