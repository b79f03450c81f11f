"""The package `message-summary`: the lamp of waiting messages (RFC 3842).

A phone hears of its mailbox when it subscribes, and without that, too: many know no other way. Then
a NOTIFY comes in no dialog, after each change and when the phone has registered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from softswitch.calls.lamps.package import EventDocument
from softswitch.calls.numbers.directory import Directory
from softswitch.sip.message.uri import sip_uri

NAME = "message-summary"
CONTENT_TYPE = "application/simple-message-summary"


class MessageCounts(NamedTuple):
    """The messages of a mailbox."""

    new: int = 0
    old: int = 0
    "Those that were heard and saved."
    urgent_new: int = 0
    "Of the new ones."
    urgent_old: int = 0
    "Of the old ones."


class Mailboxes(Protocol):
    """Where the messages are counted; whoever changes a count calls `Lamps.changed`."""

    def counts(self, extension: str) -> MessageCounts | None:
        """The messages of an extension now; None where it has no mailbox."""


def message_summary(number: str, domain: str, counts: MessageCounts) -> bytes:
    """Write the document of a mailbox (section 5.2)."""
    new, old, urgent_new, urgent_old = counts
    lines = (
        f"Messages-Waiting: {'yes' if new else 'no'}",
        f"Message-Account: {sip_uri(number, domain)}",
        f"Voice-Message: {new}/{old} ({urgent_new}/{urgent_old})",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


class MessageSummaryPackage:
    """The mailboxes that are watched; they tell of changes by `Lamps.changed`."""

    name = NAME
    content_type = CONTENT_TYPE
    is_private = True

    def __init__(self, mailboxes: Mailboxes, directory: Directory, domain: str) -> None:
        """`domain` is the host of extensions."""
        self._mailboxes = mailboxes
        self._directory = directory
        self._domain = domain

    def exists(self, resource: str) -> bool:
        """Whether it is an extension: one without a mailbox has no messages."""
        return self._directory.find(resource) is not None

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Nothing has to be followed."""

    def leave(self, resource: str) -> None:
        """Nothing was followed."""

    def document(self, resource: str) -> EventDocument:
        """The messages of a mailbox."""
        counts = self._mailboxes.counts(resource) or MessageCounts()
        return EventDocument(message_summary(resource, self._domain, counts))
