"""The numbers of parking: park, announce the lot, retrieve, give back after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone, EndCall
from softswitch.calls.call.party import Party
from softswitch.calls.codes.service_code import refuse, spelled
from softswitch.calls.endings.endings import CallEnds, CannotNow, EndedBy, NotReached, refused_here
from softswitch.calls.endings.states import CallState
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import Rights
from softswitch.calls.parking.parked import OUTSIDE, ParkedCall
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.caller_leg import open_caller_port, read_offer
from softswitch.calls.transfer.transfer import Transfers
from softswitch.calls.transfer.transfer_line import TransferWay
from softswitch.settings.extensions.parking import ParkingExtension
from softswitch.sip.message.subscriber import number_of
from softswitch.sip.message.uri import SipUri

log = structlog.get_logger("softswitch.calls")

ANNOUNCING_SECONDS = 10.0
"The longest announcement of a lot to who has parked a call."
REMOVED = "parking lot removed"
TAKEN = 486


class Parking:
    """The lots that are taken."""

    __slots__ = ("_answering", "_now", "_parked", "_transfers")

    def __init__(
        self, answering: Answering, transfers: Transfers, now: Callable[[], float]
    ) -> None:
        """`now` is Unix time in seconds."""
        self._answering = answering
        self._transfers = transfers
        self._now = now
        self._parked: dict[str, ParkedCall] = {}

    def __iter__(self) -> Iterator[ParkedCall]:
        return iter(sorted(self._parked.values(), key=lambda parked: parked.lot))

    def __len__(self) -> int:
        return len(self._parked)

    def kept(self) -> Iterable[str]:
        """Nothing: it all ends with the switch."""
        return ()

    def forget(self, numbers: Iterable[str]) -> None:
        """Give back at once what is parked in lots that are gone: nobody can dial them."""
        for number in numbers:
            if (parked := self._parked.get(number)) is not None:
                parked.removed.set()

    def about(self, parked: ParkedCall) -> tuple[Call, Party]:
        """The call that is parked, as its party sees it, and that party."""
        call, lot = self._transfers.origin(parked.call, parked.call.callee)
        return call, call.other(lot)

    async def serve(self, call: Call, extension: Extension) -> None:
        """Park who comes to a free lot, connect who dials one that is taken; ends by raising."""
        settings = extension.settings_as(ParkingExtension)
        first, *lots = settings.numbers()
        lot = extension.number
        if lot == first:
            lot = next((each for each in lots if each not in self._parked), "")
            if not lot:
                await self._refuse(call, said("parking_full"))
        elif (parked := self._parked.get(lot)) is not None:
            if call.is_inside:
                await self._refuse(call, "the parking lot is taken")
            if call.caller.trunk:
                raise CallEnds(refused_here(403, "nobody from outside retrieves a call"))
            await self._retrieve(call, parked)
        elif not call.is_inside:
            await self._refuse(call, said("parking_nobody", lot=spelled(lot)))
        story, parker = self._parker_of(call)
        taken_by = self._taken_by(call, parker)
        await self._see_bound(call, extension.number, taken_by, settings)
        parked = ParkedCall(
            lot, call, parker.extension if parker else "", self._now(), settings, taken_by
        )
        await self._park(parked, story, parker)

    def _taken_by(self, call: Call, parker: Party | None) -> str:
        """Whom a lot is counted for: who parks, else the extension that has forwarded the call."""
        if parker is not None and parker.extension:
            return parker.extension
        directory, domain = self._answering.ringer.plan.directory, call.terms.domain
        for diversion in reversed(call.callee.diversions):
            number = number_of(diversion.uri)
            is_ours = isinstance(diversion.uri, SipUri) and diversion.uri.host == domain
            if is_ours and directory.find(number) is not None:
                return number
        return OUTSIDE if call.caller.trunk and not call.is_inside else ""

    async def _see_bound(
        self, call: Call, number: str, taken_by: str, settings: ParkingExtension
    ) -> None:
        """See that a party takes no more lots than it may; raises CallEnds."""
        ranges = [each for each in self if each.settings.range == settings.range]
        taken = sum(each.taken_by == taken_by for each in ranges)
        if taken_by == OUTSIDE and taken >= settings.from_outside:
            log.warning("parking refused", call=call.id, by=call.caller.number, to=number)
            why = "callers from outside take no more lots" if taken else "nobody from outside parks"
            raise CallEnds(refused_here(403, why))
        if taken_by not in ("", OUTSIDE) and taken >= settings.per_party:
            await self._refuse(call, said("parking_bound", number=spelled(taken_by)))

    async def _refuse(self, call: Call, sentence: str) -> None:
        """Say it to who has dialled; a transfer fails."""
        if call.is_inside:
            raise CallEnds(refused_here(TAKEN, str(sentence)))
        await refuse(self._answering, call, sentence)

    # -- parking -----------------------------------------------------------------------------------

    async def _park(self, parked: ParkedCall, story: Call, parker: Party | None) -> None:
        """Keep the caller in the lot until it is retrieved, given back, or hangs up.

        `story` is the call whose party is parked, as its history tells it.
        """
        call, lot = parked.call, parked.lot
        self._parked[lot] = parked
        call.callee.number = lot
        call.listen(partial(self._changed, parked, call.callee))
        try:
            if parker is not None and parker is not call.caller:
                await _announce(parker, lot)
            await self._answering.answer(call)
            story.tell("parked", by=parked.parker, lot=lot)
            log.info("parked", call=story.id, lot=lot, by=parked.parker)
            await self._answering.attend(call, partial(self._wait, parked))
        finally:
            self._free(parked)

    def _parker_of(self, call: Call) -> tuple[Call, Party | None]:
        """The call whose party is parked, and who parks it; none where a call is forwarded here."""
        leg = call.caller.leg
        if not call.is_inside or leg is None:
            return call, call.caller
        ringer = self._answering.ringer
        known = ringer.dialler.caller_of(leg.call_id)
        for each in ringer.wishes.calls if known is not None else ():
            if known is not None and known[0] in each.parties:
                parker = each.other(known[0])
                return each, None if parker.leg is None else parker
        return call, None

    async def _wait(self, parked: ParkedCall, call: Call) -> bool:
        """Play music, and give the call back from time to time; until it is cancelled.

        When the lot is removed, the call is given back at once, and ends where nobody takes it.
        """
        port = call.caller.audio.port
        if not call.is_inside and port is not None:
            await port.say(said("parked", lot=spelled(parked.lot))).done
        parked.play_music()
        while not parked.removed.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(parked.removed.wait(), parked.settings.return_after)
            if not parked.removed.is_set():
                await self._give_back(parked)
        async with parked.moving:
            pass  # who is retrieving it may still do so
        if self._parked.get(parked.lot) is not parked:
            return True
        story, lot = self._transfers.origin(parked.call, parked.call.callee)
        story.tell("lot removed", lot=parked.lot)
        await self._give_back(parked)
        if lot in story.parties:
            log.info("parking ended", call=story.id, lot=parked.lot, reason=REMOVED)
            story.put(None, EndCall(EndedBy.SYSTEM, REMOVED))
        return True

    def _changed(self, parked: ParkedCall, lot: Party, call: Call, state: CallState) -> None:
        """Follow a transfer: another party is parked here now, or none any more."""
        if state is not CallState.TRANSFERRED:
            return
        if lot in call.parties:
            parked.play_music()
        else:
            self._free(parked)

    def _free(self, parked: ParkedCall) -> None:
        if self._parked.get(parked.lot) is parked:
            del self._parked[parked.lot]

    # -- out of the lot ----------------------------------------------------------------------------

    async def _retrieve(self, call: Call, parked: ParkedCall) -> None:
        """Connect who dials with who is parked; ends by raising."""
        if parked.moving.locked() or not parked.call.is_answered:
            await self._refuse(call, said("parking_busy"))
        async with parked.moving:
            read_offer(call)
            ports, (_, party) = self._answering.ringer.ports, self.about(parked)
            await open_caller_port(ports, call, other=party)
            await self._answering.answer(call)
            await self._answering.attend(call, partial(self._connect, parked))

    async def _connect(self, parked: ParkedCall, call: Call) -> bool:
        """Give the place of the lot to the caller of this call, which ends so."""
        story, lot = self._transfers.origin(parked.call, parked.call.callee)
        number = call.caller.number

        async def join() -> None:
            if lot not in story.parties:
                raise CannotNow("the call is no longer parked")
            await self._transfers.join_calls(story, lot, call, call.callee)
            story.tell("retrieved", by=number, lot=parked.lot)

        try:
            await story.ask(join)
        except (CannotNow, CallGone) as error:
            log.info("not retrieved", call=call.id, lot=parked.lot, reason=str(error))
            port = call.caller.audio.port
            if port is not None:
                await port.say(said("call_gone")).done
            return False
        log.info("retrieved", call=story.id, lot=parked.lot, by=number)
        return True

    async def _give_back(self, parked: ParkedCall) -> None:
        """Ring who has parked the call, then the overflow; it stays parked when none answers."""
        if parked.moving.locked():
            return
        story, lot = self._transfers.origin(parked.call, parked.call.callee)
        who = story.other(lot)
        wanted = [parked.parker, parked.settings.overflow or ""]
        rights = Rights(parked.lot)
        async with parked.moving:
            for number in wanted:
                if number and number != who.extension and lot in story.parties:

                    async def ring(number: str = number) -> None:
                        await self._transfers.blind_transfer(
                            story,
                            lot,
                            number,
                            rights=rights,
                            mailbox=False,
                            way=TransferWay.PARKING,
                        )

                    try:
                        await story.ask(ring)
                    except (NotReached, CannotNow):
                        continue
                    except CallGone:
                        return
                    story.tell("given back", lot=parked.lot, to=number)
                    return


async def _announce(parker: Party, lot: str) -> None:
    """Tell who parks a call where it is, if it is still there to hear it."""
    port, leg = parker.audio.port, parker.leg
    if port is None or leg is None or leg.ended.done():
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(ANNOUNCING_SECONDS):
            await asyncio.shield(port.say(said("parked", lot=spelled(lot))).done)
