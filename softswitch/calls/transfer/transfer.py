"""Transfers, by command or by a phone: a party leaves, the other is connected to somebody else.

Blind: the target is rung while the party that stays hears it ring; when nobody answers, the call is
as it was, and ends if the transferor has hung up meanwhile. Attended: two calls become one; where
their media are on two workers, the sound of the party that joins is moved first. The switch stays
between the parties, so no REFER is sent; those of phones are taken by `referral.py`.

An extension that rings no phones is reached by the inside line: the switch calls itself, and the
extension is served in a call of its own. What its script transfers is then the party of the first
call (`Transfers.origin`), so that a caller who is handed on again and again stays one call away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from softswitch.calls.call.admission import together
from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.hold import forget_hold, let_talk, settle
from softswitch.calls.call.inbox_events import Work
from softswitch.calls.call.party import Party, Side
from softswitch.calls.call.worker_migration import bring, quiet
from softswitch.calls.endings.endings import CallEnds, CannotNow, EndedBy, NotReached, by_command
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.numbers.routing import COMMAND, Rights
from softswitch.calls.setup.ringing import Ringer, Tell, tell_nobody
from softswitch.calls.transfer.transfer_line import TransferWay, attended_line, transfer_line

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
    calls: Calls

    def origin(self, call: Call, transferor: Party) -> tuple[Call, Party]:
        """The call whose party is meant when a party of this one transfers the other.

        That is this call, unless the other is there by the inside line: then it is the call that
        has come by it, where the far end of the line is the transferor.
        """
        staying = call.other(transferor).leg
        if staying is None or not staying.is_inside:
            return call, transferor
        for other in self.calls:
            for party in other.parties:
                far_end = party.leg is not None and party.leg.call_id == staying.call_id
                if far_end and party.leg is not staying and other.other(party).leg is not None:
                    return self.origin(other, party)
        return call, transferor

    async def blind_transfer(
        self,
        call: Call,
        transferor: Party,
        target: str,
        *,
        rights: Rights = COMMAND,
        mailbox: bool = True,
        tell: Tell = tell_nobody,
        way: TransferWay = TransferWay.COMMAND,
    ) -> Party:
        """Connect the party that stays to a number; returns the new party.

        `mailbox` says whether that of the number may take the call. `tell` hears that the target
        rings and, before the transferor drops out, that it has answered. Only for the call's own
        task. Raises CannotNow, or NotReached with the call as it was; the log tells of both.
        """
        staying = call.other(transferor).number
        by = transferor.number
        try:
            with transfer_line(call, by=by, whom=staying, to=target, kind="blind", way=way):
                newcomer = await self._blind(
                    call, transferor, target, rights=rights, mailbox=mailbox, tell=tell
                )
        except NotReached as error:
            why = error.ending.detail or error.ending.outcome.value
            call.tell("transfer failed", by=by, to=target, reason=why)
            raise
        except CannotNow as error:
            call.tell("transfer failed", by=by, to=target, reason=str(error))
            raise
        call.tell("transferred", by=by, number=staying, to=newcomer.number)
        return newcomer

    async def _blind(
        self,
        call: Call,
        transferor: Party,
        target: str,
        *,
        rights: Rights,
        mailbox: bool,
        tell: Tell,
    ) -> Party:
        if call.state not in TRANSFERABLE:
            raise CannotNow(f"a call in {call.state.value} cannot be transferred")
        staying = call.other(transferor)
        if transferor not in call.parties or staying.leg is None or staying.audio.port is None:
            raise CannotNow("nobody stays to be transferred")
        newcomer = Party(transferor.side, target, "", call.new_session_id())
        if transferor.leg is not None:
            staying.audio.port.leave()
        staying.audio.port.set_sound_aside(True)
        ringback = staying.audio.port.play_tone("ringback")
        try:
            await self.ringer.ring_party(
                call,
                newcomer,
                staying,
                like=staying.audio,
                leaving=transferor,
                rights=rights,
                mailbox=mailbox,
                tell=tell,
            )
        except BaseException:
            ringback.stop()
            staying.audio.port.set_sound_aside(staying.audio.waits)
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
        self,
        call: Call,
        transferor: Party,
        other: Call,
        other_transferor: Party,
        *,
        way: TransferWay = TransferWay.COMMAND,
    ) -> None:
        """Let the parties that stay of two calls talk.

        They do so in the first call, or in the one whose other side the switch plays: a conference,
        a script. Not for the task of either call. Raises what `join_calls` raises.
        """
        if other.other(other_transferor).leg is None:
            call, transferor, other, other_transferor = other, other_transferor, call, transferor
        with attended_line(call, transferor, other, other_transferor, way=way):
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
        for each, leaving in ((call, transferor), (other, other_transferor)):
            if each.state not in TRANSFERABLE:
                raise CannotNow(f"a call in {each.state.value} cannot be transferred")
            if leaving not in each.parties:
                raise CannotNow("another transfer has come before")
        if newcomer.leg is None or (staying.leg is not None and staying.beside is None):
            raise CannotNow("nobody stays to be transferred")
        if _lines_inside(call) & _lines_inside(other):
            raise CannotNow("the calls are connected already")
        if not _understand(newcomer, staying):
            raise CannotNow("the parties that stay have no common codec")
        moved = Party(transferor.side, newcomer.number, newcomer.name, call.new_session_id())

        def told() -> None:
            """Tell of it: now nothing stands against it any more."""
            tell(200)
            join_chains(call, other)
            by = transferor.number
            call.tell("joined", by=by, number=staying.number, to=moved.number)
            other.tell("went on", by=by, number=moved.number, to=staying.number)

        try:
            async with asyncio.timeout(HAND_OVER_SECONDS) as patience:
                begun = partial(patience.reschedule, None)
                hand_over = partial(
                    self._hand_over, other, newcomer, call, moved,
                    staying=staying, begun=begun, told=told,
                )  # fmt: skip
                await other.ask_for(lambda done: Work(partial(hand_over, done=done), done))
        except TimeoutError:
            raise CannotNow("the other call has other things to finish first") from None
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
        told: Callable[[], None],
        done: asyncio.Future[None],
    ) -> None:
        """Make a party's leg and sound another's, of another call; runs in the task that loses it.

        `begun` is called when nothing has to be waited for any more but the party's phone, `told`
        when the party has gone. The call that has lost it ends at once, by CallEnds: what serves it
        finds nobody there, and is to do nothing more for it.
        """
        if newcomer not in other.parties or newcomer.leg is None or newcomer.audio.port is None:
            raise CannotNow("the other call has lost its party")
        begun()
        if staying.beside is not None:
            await bring(self.ringer.ports, other, newcomer, staying.beside)
        await quiet(other, newcomer.leg)
        if newcomer.leg.ended.done():
            raise CannotNow("the other call has lost its party")
        if done.done():
            return  # the call that was to have the party has gone
        if newcomer.audio.port is not None:
            newcomer.audio.port.leave()
        newcomer.leg.deliver = call.put
        call.trace.follow(newcomer.leg, newcomer.trunk or newcomer.number)
        moved.extension, moved.trunk = newcomer.extension, newcomer.trunk
        moved.leg, moved.audio = newcomer.leg, newcomer.audio
        newcomer.leg, newcomer.audio = None, AudioStream(other.new_session_id())
        if moved.audio.port is not None:
            moved.take_port(moved.audio.port, call.trace.timeline, call.put)
        told()
        other.transferred, other.joined = True, call
        done.set_result(None)
        raise CallEnds(by_command(EndedBy.COMMAND, "transferred", answered=True))


def join_chains(call: Call, other: Call) -> None:
    """Let two calls that become one belong to one chain: that of the older one."""
    first, later = sorted((call, other), key=lambda each: each.started_at)
    if later.chain_id != first.chain_id:
        later.chain = first.chain_id


def _lines_inside(call: Call) -> set[str]:
    """The Call-IDs of the inside lines at which it is; two calls at one are connected by it."""
    legs = (party.leg for party in call.parties)
    return {leg.call_id for leg in legs if leg is not None and leg.is_inside}


def _understand(newcomer: Party, staying: Party) -> bool:
    """Whether a phone can talk to whom it is to be connected to: to another phone, or to us."""
    if staying.leg is None:
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
    if staying.leg is None and staying.seat is None:
        newcomer.follow(leaving)
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
        forget_hold(call, party)
    together(call)
    call.happen(Occurrence.TRANSFERRED)
    call.happen(Occurrence.CONNECTED)
    settle(call)
    let_talk(call)
