"""Refreshes of a session that change nothing (RFC 4028 section 7.4, RFC 3311).

An UPDATE without a description where the peer takes UPDATE, else a re-INVITE with the description
that stands; the answer to that may be a new one, and is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.dialog.in_dialog import Header, InDialog
from softswitch.sip.dialog.reinvite import Offerer, PostponedOffer, Reinvite
from softswitch.sip.effects import Effect
from softswitch.sip.events import Redescribed
from softswitch.sip.message.message import Response

NOT_TAKEN = frozenset((405, 415, 501))
"What a peer answers that does not take UPDATE after all."
GONE = frozenset((408, 481))
"The peer does not know the dialog any more (section 10)."


class Refreshed(Offerer, Protocol):
    """The usage whose session is refreshed."""

    takes_update: bool
    "Whether the peer says that it takes UPDATE."

    def refresh(self, out: list[Effect]) -> None:
        """Send a refresh."""


class UpdateRefresh(InDialog[Refreshed]):
    """A refresh by UPDATE."""

    __slots__ = ()

    def __init__(self, usage: Refreshed, dialog: Dialog) -> None:
        headers = [("Contact", usage.contact), *usage.element.capabilities, *usage.session.ask()]
        super().__init__(usage, dialog, "UPDATE", headers)

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Take the final response."""
        usage, status = self.usage, response.status
        if status < 300:
            self.dialog.refresh_target(response)
            usage.session.answered(response, out)
        elif status in NOT_TAKEN:
            usage.takes_update = False
            usage.refresh(out)
        elif status == 422 and usage.session.may_ask_again(response):
            usage.refresh(out)
        elif status in GONE:
            usage.lost(f"{status} to UPDATE", out)
        else:
            usage.session.refresh_later(out)

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """End the call, but for a connection that may be made anew."""
        if self.may_return(reason):
            self.usage.session.refresh_later(out)
        else:
            self.usage.lost(f"{reason} of UPDATE", out)


class ReinviteRefresh(Reinvite):
    """A refresh by re-INVITE; what our user offers meanwhile waits."""

    __slots__ = ("postponed",)

    def __init__(self, usage: Offerer, dialog: Dialog) -> None:
        super().__init__(usage, dialog, usage.described_as, ())
        self.postponed: PostponedOffer | None = None
        "The offer of our user that begins when this has ended."

    def start(self, out: list[Effect], credentials: Sequence[Header] = ()) -> None:
        """Send it with what stands now: since the last try a hold may have come."""
        self.body = self.usage.described_as
        super().start(out, credentials)

    def _end(self, status: int, reason: str, sdp: bytes | None, out: list[Effect]) -> None:
        if self.usage.reinvite is not self:
            return
        self.usage.reinvite = None
        if status >= 300 and status not in GONE:
            self.usage.session.refresh_later(out)
        if status < 300 and sdp is not None:
            self.usage.tell(Redescribed(sdp), out)
        if self.postponed is not None:
            self.usage.begin_postponed(self.postponed, out)
