"""A phone that joins two who talk: INVITE with Join (RFC 3911 section 4; RFC 5359 section 2.11).

The phone becomes the third of the call whose dialog is named, in a call of its own. One third is
let in; whoever leaves leaves the two others talking. Of a conference, who joins is sent to its
number, where a PIN is asked for as of everybody (section 8.1, message 7).
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CallEnds, CannotNow, refused_here
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.caller_leg import open_caller_port, read_offer
from softswitch.calls.supervision.rights import may_supervise
from softswitch.calls.transfer.dialogs import CallDialogs, Denied
from softswitch.calls.transfer.third_party import (
    JOINED_HAS_ENDED,
    ThirdParty,
    check_joinable,
    nobody_yet,
)
from softswitch.calls.transfer.transfer import Transfers
from softswitch.sip.dialog.dialog import DialogId
from softswitch.sip.message.uri import sip_uri

log = structlog.get_logger("softswitch.calls")


@dataclass(frozen=True, slots=True)
class Joining:
    """Lets phones join calls."""

    dialogs: CallDialogs
    answering: Answering
    transfers: Transfers

    def is_conference(self, number: str) -> bool:
        """Whether the number is a conference, which whoever calls it joins anyway."""
        found = self.answering.ringer.plan.directory.find(number)
        return found is not None and found.kind.is_room

    def find(self, extension: str, dialog: DialogId) -> tuple[Call, Party]:
        """The call that an extension may join, and the party of the dialog; raises Denied.

        488 where no third can be let in.
        """
        call, party = self.dialogs.named(dialog)
        if not self._may(extension, party):
            log.warning("call of another not joined", by=extension, call=call.id)
            raise Denied(403)
        seat = call.other(party).seat
        if seat is not None:
            uri = sip_uri(seat.room.number, call.terms.domain)
            raise Denied(302, ("Contact", f"<{uri}>;isfocus"))
        try:
            check_joinable(call)
        except CannotNow as error:
            log.warning("not joined", by=extension, call=call.id, reason=str(error))
            raise Denied(488) from None
        return call, party

    def _may(self, extension: str, party: Party) -> bool:
        """Whether it is the party's own extension, supervises that, or was asked by it to join."""
        if not extension or not party.extension:
            return False
        if extension == party.extension or extension in party.offered_to:
            return True
        return may_supervise(self.answering.ringer.plan, extension, party.extension)

    async def follow(self, joined: Call, beside: Party, own: Call) -> None:
        """Answer who joins, and let the three talk; ends by raising CallEnds.

        `beside` is the party whose dialog was named, `own` the call of who joins.
        """
        try:
            check_joinable(joined)
        except CannotNow as error:
            raise CallEnds(refused_here(488, str(error))) from error
        own.callee.number, own.callee.name = beside.number, beside.name
        own.callee.extension = beside.extension  # its phone has a dialog already
        own.chain = joined.chain_id
        joined.take_place = nobody_yet
        try:
            await self._answer(joined, beside, own)
            joined.tell("joined by", by=own.caller.number, number=beside.number)
            third = ThirdParty(self.transfers, joined, own, own.caller)
            await self.answering.attend(own, lambda _own: third.talk())
        finally:
            if joined.take_place is nobody_yet:
                joined.take_place = None

    async def _answer(self, joined: Call, beside: Party, own: Call) -> None:
        """Answer who joins, with a port on the worker of the two; raises CallEnds."""
        stop = own.end_with(joined, JOINED_HAS_ENDED)
        try:
            read_offer(own)
            await open_caller_port(self.answering.ringer.ports, own, other=beside)
            await self.answering.answer(own)
        finally:
            stop()
