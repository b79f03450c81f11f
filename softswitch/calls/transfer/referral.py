"""The transfer button of a phone: REFER in its call (RFC 3515, RFC 5589 sections 6 and 7).

Whom the phone names gets the place of the phone, as with the commands of `transfer.py`: a number
that it might have dialled itself, or the party of its other call. What is wrong with the request
itself is answered; what becomes of the target is told by NOTIFY, for 404 or 481 as an answer would
mean that the call of the phone is gone (RFC 5057 section 5.1).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone, Work
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CannotNow, EndedBy, NotReached
from softswitch.calls.endings.states import RINGS
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.routing import INSIDE, Rights, Routing, Unroutable
from softswitch.calls.transfer.dialogs import CallDialogs, Denied
from softswitch.calls.transfer.transfer import TRANSFERABLE, Transfers
from softswitch.calls.transfer.transfer_line import TransferWay, attended_line, failed
from softswitch.sip.effects import Effect
from softswitch.sip.events import RequestReceived
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.uri import SipUri, Uri, is_sips
from softswitch.sip.subscription.refer import Refer, Referral, Replaces, read_refer

SUBSCRIBED = 600
"Seconds after which a phone is told no more; by then the target has answered or never will."


class ReferReports:
    """The NOTIFY requests about a transfer, unless the phone wants none."""

    def __init__(self, leg: Leg, event: RequestReceived, refer: Refer) -> None:
        """Accept the REFER."""
        self._leg = leg
        self._referral = None if refer.is_silent else Referral(leg.usage, event.request)
        self._until = leg.stack.now() + SUBSCRIBED
        quiet = [("Refer-Sub", "false")] if refer.is_silent else []
        leg.respond(event, 202, [("Contact", leg.usage.contact), *quiet])
        self.tell(100)

    def tell(self, status: int) -> None:
        """Say how the call to the target stands."""
        if self._referral is not None:
            out: list[Effect] = []
            self._referral.tell(status, int(self._until - self._leg.stack.now()), out)
            self._leg.stack.perform(out)


@dataclass(frozen=True, slots=True)
class Referrals:
    """Carries out the REFER requests of phones."""

    routing: Routing
    dialogs: CallDialogs
    transfers: Transfers

    async def refer(self, call: Call, leg: Leg, event: RequestReceived) -> None:
        """Obey a phone's REFER, in the call's own task; raises what ends the call."""
        try:
            asked = read_refer(event.request)
        except MessageError as error:
            leg.respond(event, error.status)
            return
        party = call.party_of(leg)
        if party is None or leg.ended.done() or call.state not in TRANSFERABLE:
            leg.respond(event, 491)
            return
        staying = call.other(party)
        if staying.leg is None and (staying.seat is None or asked.replaces is None):
            kind = "blind" if asked.replaces is None else "attended"
            _not_begun(call, party, Denied(403), to=_named(asked.uri), kind=kind)
            leg.respond(event, 403)
            return
        reports = ReferReports(leg, event, asked)
        if asked.replaces is None:
            await self._blind(call, party, asked.uri, reports)
        else:
            await self._attended(call, party, asked.replaces, reports)

    async def _blind(self, call: Call, party: Party, target: Uri, reports: ReferReports) -> None:
        """Connect the party that stays to a number, with the rights of the transferor."""
        assert party.leg is not None
        rights = Rights(party.extension) if party.extension else INSIDE
        try:
            number = self._number(call, party, target, rights)
            await self.transfers.blind_transfer(
                call, party, number, rights=rights, tell=reports.tell, way=TransferWay.REFER
            )
        except Unroutable as error:
            reports.tell(error.status)
        except NotReached as error:
            reports.tell(error.ending.status)
        except CannotNow:
            reports.tell(500)
        except BaseException:
            reports.tell(487)
            raise

    def _number(self, call: Call, party: Party, target: Uri, rights: Rights) -> str:
        """The number that a phone has named, if it may call it; raises Unroutable."""
        assert party.leg is not None
        try:
            if is_sips(target) and not call.is_sips:
                # RFC 5630 section 5.1.1.3: neither less secure than wanted, nor than promised
                raise Unroutable(480, "a sips: URI, and the call is a sip: one")
            number = self.routing.dialled(target, party.leg.flow)
            self.routing.destination(number, rights)
        except Unroutable as error:
            _not_begun(call, party, error, to=_named(target), kind="blind")
            raise
        return number

    async def _attended(
        self, call: Call, party: Party, replaces: Replaces, reports: ReferReports
    ) -> None:
        """Connect the party that stays to that of another call of the same extension."""
        found = self.dialogs.party_at(replaces.dialog)
        if found is None or found[0] is call or not party.extension:
            _not_found(call, party, "there is no such other call")
            reports.tell(481)
            return
        other, its_party = found
        if its_party.extension != party.extension:
            _not_found(call, party, "the other call is that of another")
            reports.tell(481)
            return
        if other.state in RINGS and other.invite is not None:
            # Pressed while the target rings: it rings on for the party that stays.
            await other.hang_up(EndedBy.COMMAND, "transferred")
            await self._blind(call, party, other.invite.uri, reports)
            return
        if other.other(its_party).leg is None:
            self._join_other(other, its_party, call, party, reports)
            return
        try:
            with attended_line(call, party, other, its_party, way=TransferWay.REFER):
                await self.transfers.join_calls(call, party, other, its_party, tell=reports.tell)
        except CallGone:
            reports.tell(481)
        except CannotNow:
            reports.tell(500)
        except BaseException:
            reports.tell(487)
            raise

    def _join_other(
        self, other: Call, its_party: Party, call: Call, party: Party, reports: ReferReports
    ) -> None:
        """Let the call whose other side the switch plays take the party over, in its own task."""

        async def work() -> None:
            with attended_line(other, its_party, call, party, way=TransferWay.REFER):
                await self.transfers.join_calls(other, its_party, call, party, tell=reports.tell)

        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(done: asyncio.Future[None]) -> None:
            if done.cancelled() or (error := done.exception()) is not None:
                reports.tell(481 if not done.cancelled() and isinstance(error, CallGone) else 500)

        done.add_done_callback(told)
        other.put(None, Work(work, done))


def _named(target: Uri) -> str:
    """What a phone wants, without what may be secret in a URI."""
    return target.user or target.host if isinstance(target, SipUri) else str(target)


def _not_begun(call: Call, party: Party, error: Exception, *, to: str, kind: str) -> None:
    """Log a REFER that has led to no transfer."""
    failed(call, party, to=to, kind=kind, way=TransferWay.REFER, error=error)


def _not_found(call: Call, party: Party, why: str) -> None:
    _not_begun(call, party, Unroutable(481, why), to="", kind="attended")
