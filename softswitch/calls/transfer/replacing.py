"""A phone that takes over a call of its own extension: INVITE with Replaces (RFC 3891).

The new leg gets the place of the one whose dialog is named, and that one is hung up. An answered
call is taken over by the requester's own extension, and by those that this one has offered it to
(`offers`): nobody gains anything by the tags of another's dialog. A call that rings a phone is
picked up by who may pick up that phone's calls.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Party
from softswitch.calls.call.port_opening import Ports, give_port
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.leg.header_passthrough import warning
from softswitch.calls.leg.leg import Leg
from softswitch.calls.setup.pickup import PickUp
from softswitch.calls.transfer.dialogs import CallDialogs, Denied
from softswitch.calls.transfer.transfer import TRANSFERABLE, replace
from softswitch.calls.transfer.transfer_line import TransferWay, transfer_line
from softswitch.sdp.description import DescriptionError
from softswitch.sdp.negotiation import Direction
from softswitch.sip.message.body import sdp_of
from softswitch.sip.subscription.refer import Replaces


@dataclass(frozen=True, slots=True)
class Replacing:
    """Lets phones take over calls."""

    dialogs: CallDialogs
    ports: Ports

    def replaced(self, extension: str, replaces: Replaces) -> tuple[Call, Party]:
        """The party that this extension may replace; raises Denied (RFC 3891 section 3)."""
        call, party = self.dialogs.named(replaces.dialog)
        is_own = extension and party.extension == extension
        if not is_own and extension not in party.offered_to:
            with _line(call, extension, party):
                raise Denied(403)
        if replaces.early_only:
            with _line(call, extension, party):
                raise Denied(486)
        return call, party

    async def take_over(self, call: Call, leaving: Party, wish: PickUp) -> None:
        """Let a new leg stand where a party's stands, or refuse it. Not for the call's own task."""
        await self._or_refuse(call, wish.leg, self._ask(call, leaving, wish))

    async def _ask(self, call: Call, leaving: Party, wish: PickUp) -> None:
        with _line(call, wish.extension, leaving):
            await call.ask(partial(self._take_over, call, leaving, wish))

    async def pick_up(self, call: Call, rung: str, wish: PickUp) -> None:
        """Let a new leg take the call that rings an extension, or refuse it."""
        await self._or_refuse(call, wish.leg, self.dialogs.pickups.pick_up(call, rung, wish))

    async def _or_refuse(self, call: Call, leg: Leg, taking: Coroutine[Any, Any, None]) -> None:
        """Await what takes a call for a leg; the leg hears why it cannot be."""
        try:
            await taking
        except CallGone:
            leg.reject(481)
        except NotReached as error:
            leg.reject(error.ending.status, error.ending.headers)
        except DescriptionError as error:
            leg.reject(error.status, [warning(error, call.terms.domain)])
        except CannotNow:
            leg.reject(491)
        except BaseException:
            leg.reject(500)
            raise

    async def _take_over(self, call: Call, leaving: Party, wish: PickUp) -> None:
        """Answer the new leg and hang up the old one."""
        leg = wish.leg
        staying = call.other(leaving)
        if call.state not in TRANSFERABLE or leaving not in call.parties or staying.beside is None:
            raise CannotNow(f"a call in {call.state.value} cannot be taken over")
        who = leaving.number, leaving.name
        if wish.extension != leaving.extension:
            who = wish.extension, wish.name
        newcomer = Party(leaving.side, *who, call.new_session_id())
        newcomer.extension, newcomer.srtp = wish.extension, wish.srtp
        far_end = leg.flow.remote[0]
        await give_port(self.ports, call, newcomer, far_end, staying)
        audio = newcomer.audio
        try:
            audio.far_end = far_end
            audio.terms = call.terms.srtp.of(wish.srtp, leg.flow.transport)
            audio.offered(sdp_of(leg.request))
            # What the old leg has silenced is heard again, so its direction is not for the new one.
            direction = Direction.SENDRECV if staying.audio.is_silenced else None
            own = staying.leg is None
            answer = audio.answer_own() if own else audio.answer(staying.audio, direction)
            if leg.ended.done():
                raise CallGone
        except BaseException:
            if audio.port is not None:
                await audio.port.close()
            raise
        call.tell("taken over", by=newcomer.number)
        newcomer.leg, leg.deliver = leg, call.put
        leg.take("REFER")
        leg.accept(answer)
        await replace(call, leaving, newcomer)


def _line(call: Call, newcomer: str, leaving: Party) -> AbstractContextManager[None]:
    """The line of the log about who takes the place of this party."""
    whom = call.other(leaving).number
    way = TransferWay.REPLACES
    return transfer_line(call, by=newcomer, whom=whom, to=newcomer, kind="attended", way=way)
