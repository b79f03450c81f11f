"""NOTIFYs about messages to phones that have not subscribed to them.

No RFC describes them, and nearly every phone takes them. Only an extension with a mailbox gets any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from softswitch.calls.lamps.message_summary import (
    CONTENT_TYPE,
    NAME,
    Mailboxes,
    MessageCounts,
    message_summary,
)
from softswitch.calls.leg.leg import Stack
from softswitch.calls.numbers.registrations import Binding
from softswitch.calls.numbers.routing import flow_to, uri_for
from softswitch.sip.events import ResponseEvent
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import sip_uri
from softswitch.sip.subscription.event import EndReason, terminated


class PhonesOf(Protocol):
    """Where the phones of an extension are."""

    def contacts(self, extension: str) -> list[Binding]:
        """Where its phones can be reached now, best q first."""


class UnsolicitedSummaries:
    """What the phones of each extension were told of its messages."""

    __slots__ = ("_domain", "_has_watcher", "_mailboxes", "_phones", "_stack", "_told")

    def __init__(
        self,
        stack: Stack,
        phones: PhonesOf,
        mailboxes: Mailboxes,
        domain: str,
        has_watcher: Callable[[str], bool],
    ) -> None:
        """`has_watcher`: whether a phone of an extension has subscribed to its messages."""
        self._stack = stack
        self._phones = phones
        self._mailboxes = mailboxes
        self._domain = domain
        self._has_watcher = has_watcher
        self._told: dict[str, dict[int, MessageCounts]] = {}
        "The last counts that a phone was told, by extension and the id of its binding."

    def look(self, extension: str) -> None:
        """Tell the phones of an extension what they do not know yet, if they have not subscribed.

        To be called after each change of its messages and of its phones.
        """
        counts = self._mailboxes.counts(extension)
        if counts is None:
            return
        before, now = self._told.pop(extension, {}), {}
        is_watched = self._has_watcher(extension)
        for binding in self._phones.contacts(extension):
            now[binding.id] = counts
            if before.get(binding.id) != counts and not is_watched:
                self._tell(extension, binding, counts)
        if now:
            self._told[extension] = now

    def _tell(self, extension: str, binding: Binding, counts: MessageCounts) -> None:
        flow = flow_to(binding)
        target = uri_for(binding.uri, flow, sips=False)
        if target is None:
            return
        endpoint = self._stack.endpoint
        own = sip_uri(extension, self._domain)
        request = Request(
            "NOTIFY",
            target,
            [
                ("Max-Forwards", "70"),
                ("From", f"<{own}>;tag={endpoint.token()}"),
                ("To", f"<{own}>"),
                ("Call-ID", endpoint.token()),
                ("CSeq", "1 NOTIFY"),
                ("Contact", endpoint.contact(flow, extension)),
                *[("Route", hop) for hop in binding.path],
                ("Event", NAME),
                ("Subscription-State", terminated(EndReason.TIMEOUT)),
                ("Content-Type", CONTENT_TYPE),
            ],
            message_summary(extension, self._domain, counts),
        )
        self._stack.perform(endpoint.request(request, flow, _heard))


def _heard(event: ResponseEvent) -> None:
    """Take the answer: a phone that does not want such NOTIFYs is not asked for it."""
