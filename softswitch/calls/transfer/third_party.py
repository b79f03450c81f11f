"""A third in a call of two: it is called beside them, talks to both, and stays when one leaves.

Until one of the two hangs up, the third is the phone of a call of its own, in the chain of theirs;
then it takes the place of who has left.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CallEnds, CannotNow
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.routing import Rights
from softswitch.calls.setup.answering import Answering
from softswitch.calls.supervision.third_port import ThirdPort
from softswitch.calls.transfer.transfer import TRANSFERABLE, Transfers

log = structlog.get_logger("softswitch.calls")

DONE, REFUSED = (880, 150), (330, 500)
"Hz and milliseconds of the beeps that tell who has pressed a code what has become of it."
JOINED_HAS_ENDED = "the call to join has ended"
"Why the call of a third ends that has not come yet."


def beep(party: Party, sound: tuple[float, float]) -> None:
    """Let a party hear what has become of what it has pressed."""
    if party.audio.port is not None:
        party.audio.port.beep(*sound)


async def nobody_yet(_leg: Leg) -> bool:
    """Stand for nobody: a third is called, and has not come yet."""
    return False


def check_joinable(call: Call) -> None:
    """Raises CannotNow where no third can be let in: two phones talk, and no third is there."""
    if call.state not in TRANSFERABLE:
        raise CannotNow(f"nobody joins a call in {call.state.value}")
    if any(party.leg is None for party in call.parties):
        raise CannotNow("nobody joins a call that the switch itself plays")
    if call.take_place is not None:
        raise CannotNow("somebody has joined already, or is called")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody is called to join two who talk."""

    answering: Answering
    transfers: Transfers
    call: Call
    "That of the two."
    by: Party
    "Who invites; the third sees its number."
    rights: Rights

    def begin(self, number: str) -> Call:
        """The call to the third, whose course is `follow`. Raises CannotNow."""
        check_joinable(self.call)
        own = self.transfers.calls.new((self.by.number, self.by.name), number)
        own.chain = self.call.chain_id
        self.call.take_place = nobody_yet
        return own

    async def follow(self, own: Call) -> None:
        """Ring the third, and let the three talk; ends by raising CallEnds."""
        try:
            await self._follow(own)
        finally:
            if self.call.take_place is nobody_yet:
                self.call.take_place = None

    async def _follow(self, own: Call) -> None:
        stop = own.end_with(self.call, JOINED_HAS_ENDED)
        number = own.callee.number
        try:
            await self.answering.begin(own, None, self.rights, shown=self._shown())
        except CallEnds as end:
            if self.call.state not in FINAL:
                why = end.ending.detail or end.ending.outcome.value
                log.info("not joined", call=self.call.id, by=self.by.number, reason=why)
                self.call.tell("invitation failed", by=self.by.number, to=number, reason=why)
                beep(self.by, REFUSED)
            raise
        finally:
            stop()
        await self.answering.attend(own, self._join)

    def _shown(self) -> Party:
        """Who invites as the third sees it: one without a phone, so that no conference takes it."""
        by = self.by
        shown = Party(by.side, by.number, by.name, "")
        shown.extension, shown.trunk = by.extension, by.trunk
        shown.identity, shown.is_private = by.identity, by.is_private
        shown.audio = by.audio
        return shown

    async def _join(self, own: Call) -> bool:
        if own.callee.audio.port is None or self.call.take_place is not nobody_yet:
            beep(self.by, REFUSED)
            return False
        beep(self.by, DONE)
        third = ThirdParty(self.transfers, self.call, own, own.callee)
        self.call.tell("invited", by=self.by.number, number=own.callee.number)
        return await third.talk()


class ThirdParty:
    """The third while it talks to both."""

    def __init__(self, transfers: Transfers, call: Call, own: Call, party: Party) -> None:
        """`party` of the call of its `own` is the third, and has a port."""
        assert party.audio.port is not None
        self._transfers = transfers
        self._call = call
        self._own = own
        self._party = party
        self._third = ThirdPort(party.audio.port)
        self._over = asyncio.Event()

    async def talk(self) -> bool:
        """Talk to both until one of the three has left; True when the third goes on elsewhere."""
        call, own = self._call, self._own
        if call.state not in TRANSFERABLE:
            return False
        stops = [call.listen(self._changed), own.listen(self._own_changed)]
        call.take_place = self._take_place
        log.info("joined by a third", call=call.id, number=self._party.number)
        self._arrange()
        try:
            await self._over.wait()
        finally:
            for stop in stops:
                stop()
            self._leave()
        return all(party.leg is not None for party in own.parties)

    def _arrange(self) -> None:
        """Let the three hear each other, or end it when the two are on another worker now."""
        heard = self._third.beside(self._call)
        if heard:
            self._third.arrange(heard, heard)
        else:
            self._leave()

    def _leave(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._call.take_place = None
            self._third.leave()

    def _changed(self, _call: Call, state: CallState) -> None:
        """Follow the parties: another may stand in the place of one."""
        if state in FINAL:
            self._leave()
        elif not self._over.is_set():
            self._arrange()

    def _own_changed(self, _call: Call, state: CallState) -> None:
        if state in FINAL or state is CallState.TRANSFERRED:
            self._leave()

    async def _take_place(self, leg: Leg) -> bool:
        """Stand where a party stood that has hung up; False when that cannot be.

        Runs in the task of the call of the two.
        """
        leaving = self._call.party_of(leg)
        if leaving is None or self._call.state not in TRANSFERABLE:
            return False
        self._leave()
        try:
            nobody = self._own.other(self._party)
            await self._transfers.join_calls(self._call, leaving, self._own, nobody)
        except (CannotNow, CallGone) as error:
            log.info("the third leaves too", call=self._call.id, reason=str(error))
            return False
        return True
