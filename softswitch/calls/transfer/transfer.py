"""Transfers, by command or by a phone: a party leaves, the other is connected to somebody else.

Blind: the target is rung while the party that stays hears it ring; when nobody answers, the call is
as it was, and ends if the transferor has hung up meanwhile. Attended: two calls become one; where
their media are on two workers, the sound of the party that joins is moved first. The switch stays
between the parties, so no REFER is sent; those of phones are taken by `referral.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from softswitch.calls.call.admission import together
from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import let_talk, settle
from softswitch.calls.call.party import Party, Side
from softswitch.calls.call.worker_migration import bring, quiet
from softswitch.calls.endings.endings import CannotNow, EndedBy
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.numbers.routing import COMMAND, Rights
from softswitch.calls.setup.ringing import Ringer, Tell, tell_nobody

HAND_OVER_SECONDS = 5.0
"How long a call waits for another to begin: two that want each other must not wait for ever."
TRANSFERABLE = frozenset({CallState.IN_CALL, CallState.HOLD})


def transferor_of(call: Call, side: Side | None) -> Party:
    """The party that drops out: the side that the switch itself plays, else the one that is named.

    Where none is named the callee does, as a receptionist transfers who has called.
    """
    for party in call.parties:
        if party.leg is None:
            return party
    return call.caller if side is Side.CALLER else call.callee


@dataclass(frozen=True, slots=True)
class Transfers:
    """Connects parties that stay to others."""

    ringer: Ringer

    async def blind_transfer(
        self,
        call: Call,
        transferor: Party,
        target: str,
        *,
        rights: Rights = COMMAND,
        tell: Tell = tell_nobody,
    ) -> Party:
        """Connect the party that stays to a number; returns the new party.

        `tell` hears that the target rings and, before the transferor drops out, that it has
        answered. Only for the call's own task. Raises CannotNow, or NotReached with the call as it
        was.
        """
        if call.state not in TRANSFERABLE:
            raise CannotNow(f"a call in {call.state.value} cannot be transferred")
        staying = call.other(transferor)
        if staying.leg is None or staying.audio.port is None:
            raise CannotNow("nobody stays to be transferred")
        newcomer = Party(transferor.side, target, "", call.new_session_id())
        if transferor.leg is not None:
            staying.audio.port.leave()
        ringback = staying.audio.port.play_tone("ringback")
        try:
            await self.ringer.ring_party(
                call,
                newcomer,
                staying,
                like=staying.audio,
                leaving=transferor,
                rights=rights,
                tell=tell,
            )
        except BaseException:
            ringback.stop()
            if newcomer.audio.port is not None:
                await newcomer.audio.port.close()
            if transferor.leg is not None:
                _take_back(call, transferor, staying)
            raise
        ringback.stop()
        staying.audio.port.stop_sound()
        tell(200)
        await replace(call, transferor, newcomer)
        return newcomer

    async def attended_transfer(
        self, call: Call, transferor: Party, other: Call, other_transferor: Party
    ) -> None:
        """Let the parties that stay of two calls talk.

        They do so in the first call, or in the one that is with a conference. Not for the task of
        either call. Raises what `join_calls` raises.
        """
        if other.other(other_transferor).seat is not None:
            call, transferor, other, other_transferor = other, other_transferor, call, transferor
        await call.ask(partial(self.join_calls, call, transferor, other, other_transferor))

    async def join_calls(
        self,
        call: Call,
        transferor: Party,
        other: Call,
        other_transferor: Party,
        *,
        tell: Tell = tell_nobody,
    ) -> None:
        """Let the parties that stay of two calls talk, in the first of them; the other call ends.

        `tell` hears of it before the transferor drops out of either. Only for the first call's own
        task. Raises CannotNow when one of them cannot, CallGone when the other call ends meanwhile.
        """
        staying, newcomer = call.other(transferor), other.other(other_transferor)
        for each in (call, other):
            if each.state not in TRANSFERABLE:
                raise CannotNow(f"a call in {each.state.value} cannot be transferred")
        stays = staying.leg is not None or staying.seat is not None
        if staying.beside is None or not stays or newcomer.leg is None:
            raise CannotNow("nobody stays to be transferred")
        if not _understand(newcomer, staying):
            raise CannotNow("the parties that stay have no common codec")
        moved = Party(transferor.side, newcomer.number, newcomer.name, call.new_session_id())
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS) as patience:
                begun = partial(patience.reschedule, None)
                await other.ask(
                    partial(
                        self._hand_over, other, newcomer, call, moved, staying=staying, begun=begun
                    )
                )
        except TimeoutError:
            raise CannotNow("the other call has other things to finish first") from None
        if moved.audio.port is not None:
            moved.take_port(moved.audio.port, call.id, call.put)
        tell(200)
        other.transferred = True
        other.end_soon(EndedBy.COMMAND, "transferred")
        await replace(call, transferor, moved)

    async def _hand_over(
        self,
        other: Call,
        newcomer: Party,
        call: Call,
        moved: Party,
        *,
        staying: Party,
        begun: Callable[[], None],
    ) -> None:
        """Make a party's leg and sound another's, of another call; runs in the task that loses it.

        `begun` is called when nothing has to be waited for any more but the party's phone.
        """
        if newcomer.leg is None or newcomer.audio.port is None or staying.beside is None:
            raise CannotNow("the other call has lost its party")
        begun()
        await bring(self.ringer.ports, other, newcomer, staying.beside)
        await quiet(other, newcomer.leg)
        if newcomer.leg.ended.done():
            raise CannotNow("the other call has lost its party")
        if newcomer.audio.port is not None:
            newcomer.audio.port.leave()
        newcomer.leg.deliver = call.put
        moved.extension, moved.trunk = newcomer.extension, newcomer.trunk
        moved.leg, moved.audio = newcomer.leg, newcomer.audio
        newcomer.leg, newcomer.audio = None, AudioStream(other.new_session_id())


def _understand(newcomer: Party, staying: Party) -> bool:
    """Whether a phone can talk to whom it is to be connected to, another phone or a conference."""
    if staying.seat is not None:
        return newcomer.audio.is_understood
    return newcomer.audio.gets_on_with(staying.audio)


def _take_back(call: Call, transferor: Party, staying: Party) -> None:
    """Let a transferor go on, or end the call if it has hung up meanwhile."""
    leg = transferor.leg
    assert leg is not None
    if leg.ended.done():
        call.put(leg, leg.ended.result())
    else:
        staying.audio.join(transferor.audio)


async def replace(call: Call, leaving: Party, newcomer: Party) -> None:
    """Let the newcomer stand where another party stood."""
    staying = call.other(leaving)
    call.replace(leaving, newcomer)
    leaving.leave_room()
    if staying.seat is not None:
        staying.seat.stand_up()
    if leaving.leg is not None:
        leaving.leg.let_go()
        leaving.leg.hangup()
    if leaving.audio.port is not None:
        await leaving.audio.port.close()
    for party in call.parties:
        if party.audio.on_hold and party.audio.port is not None:
            party.audio.port.stop_sound()
        party.audio.on_hold = False
    together(call)
    call.happen(Occurrence.TRANSFERRED)
    call.happen(Occurrence.CONNECTED)
    settle(call)
    let_talk(call)
