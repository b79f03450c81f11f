"""The calls that dialogs belong to, as phones name them: RFC 3891 section 3, RFC 3911 section 4.

Phones learn of a dialog from a lamp (RFC 4235) or from a message, where its tags stand in the order
of the phone whose it is; so the tags are looked for in either order. Both are ours to know: who
names them has been told of the dialog.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.leg.header_passthrough import Header
from softswitch.calls.setup.pickup import Pickups
from softswitch.sip.dialog.dialog import DialogId
from softswitch.sip.dialog.invite import InviteUsage
from softswitch.sip.dialog.invite_state import Phase
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.subscription.refer import Replaces

log = structlog.get_logger("softswitch.calls")


class Denied(Exception):
    """The dialog is none for the requester; `status` and `headers` go to it."""

    def __init__(self, status: int, *headers: Header) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class CallDialogs:
    """Finds the calls that dialogs belong to."""

    endpoint: Endpoint
    calls: Calls
    pickups: Pickups

    def party_at(self, dialog: DialogId) -> tuple[Call, Party] | None:
        """The call and the party that a dialog belongs to; None when it is no answered one."""
        usage = self._usage(dialog)
        return None if usage is None else self._party_of(usage)

    def ringing(self, extension: str, replaces: Replaces) -> tuple[Call, str] | None:
        """The call that rings in a dialog, and the extension that it rings; raises Denied (403).

        None where the dialog is none that rings.
        """
        found = self.pickups.ringing_leg(replaces.call_id)
        if found is not None and not self.pickups.may(extension, found[1]):
            log.warning("call of another not picked up", by=extension, rung=found[1])
            raise Denied(403)
        return found

    def named(self, dialog: DialogId) -> tuple[Call, Party]:
        """The call and the party of a dialog that lasts; raises Denied: 481 where there is none.

        One that has just ended is 603, one of another kind or of no call 403.
        """
        usage = self._usage(dialog)
        if usage is None:
            raise Denied(481)
        if usage.phase is Phase.ENDED:
            raise Denied(603)
        if usage.phase is Phase.CALLING and not usage.is_caller:
            raise Denied(481)  # only the caller may give a ringing dialog away
        found = self._party_of(usage)
        if found is None:
            raise Denied(403)
        return found

    def _usage(self, dialog: DialogId) -> InviteUsage | None:
        call_id, ours, theirs = dialog
        dialogs = self.endpoint.dialogs
        known = dialogs.get(dialog) or dialogs.get((call_id, theirs, ours))
        usage = None if known is None else known.user
        return usage if isinstance(usage, InviteUsage) else None

    def _party_of(self, usage: InviteUsage) -> tuple[Call, Party] | None:
        for call in self.calls:
            for party in call.parties:
                if party.leg is not None and party.leg.usage is usage:
                    return call, party
        return None
