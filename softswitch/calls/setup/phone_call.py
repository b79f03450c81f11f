"""A call to phones: they ring, and the first that answers is connected to the caller.

Two legs, two dialogs, the media through our ports (RFC 3261 section 6 "B2BUA", offers and answers
as in RFC 3264 and RFC 6337). Whatever ends the call raises `CallEnds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.call.history import History
from softswitch.calls.call.hold import settle
from softswitch.calls.call.port_opening import open_port
from softswitch.calls.endings.endings import CallEnds, EndedBy, Ending, NotReached
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.header_passthrough import PROVISIONAL, Header, passed
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import RingPlan
from softswitch.calls.numbers.targets import Rounds
from softswitch.calls.setup.caller_leg import (
    acknowledged,
    answer_caller,
    check_caller,
    open_caller_port,
    read_offer,
)
from softswitch.calls.setup.conversation import Conversation
from softswitch.calls.setup.forks import Forks
from softswitch.calls.setup.pickup import PickedUp
from softswitch.calls.setup.ringing import Ringer, RingOrder, incompatible, overflow
from softswitch.calls.setup.urgent import told_emergency
from softswitch.sdp.description import DescriptionError
from softswitch.sip.events import Answered, Ringing

PASSED_ON = frozenset((180, 181, 182, 183))
"Provisional responses that the caller hears of."


@dataclass(frozen=True, slots=True)
class PhoneCalls:
    """Connects callers to phones."""

    ringer: Ringer
    history: History
    conversation: Conversation

    async def ring_phones(self, call: Call, plan: RingPlan) -> None:
        """Ring the phones of a plan; once more when their connection was lost and they are back.

        Ends by raising CallEnds or Forwarded.
        """
        ringer = self.ringer
        phones = await ringer.phones(call, plan)
        try:
            await self.ring(call, phones)
        except CallEnds as end:
            again = await ringer.phones_again(call, plan, phones, end.ending)
            if again is None:
                if plan.overflow and may_go_on(call, end.ending):
                    raise overflow(plan, end.ending) from end
                raise
            await self.ring(call, again)

    async def ring(self, call: Call, rounds: Rounds) -> None:
        """Ring these, connect the first phone that answers, and stay until the end of the call.

        Ends by raising CallEnds or Forwarded.
        """
        with told_emergency(self.ringer.dialler.emergencies, call, rounds.emergency):
            await self._reach(call, rounds)
        await self.conversation.converse(call)

    async def _reach(self, call: Call, rounds: Rounds) -> None:
        """Ring these, and connect the first phone that answers; raises CallEnds or Forwarded."""
        rounds = rounds.suited(sips=call.is_sips)
        if not rounds.rounds:
            raise CallEnds(rounds.nobody)
        ports = self.ringer.ports
        read_offer(call)
        await open_caller_port(ports, call)
        await open_port(ports, call, call.callee, rounds.first_host)
        check_caller(call)
        order = RingOrder(
            rounds=rounds,
            party=call.callee,
            shown=call.caller,
            propose=None
            if call.is_late_offer
            else partial(call.callee.audio.propose, like=call.caller.audio),
            ring_time=rounds.ring_time or call.terms.ring_time,
            rang=partial(ringing, call, "" if rounds.outside else self._ringback(call)),
            redirects=None if rounds.turns else self.ringer.plan.routing,
        )
        try:
            leg, answered = await self.ringer.ring(call, order)
        except NotReached as error:
            raise CallEnds(error.ending) from error
        except PickedUp:
            await self._connect_picked_up(call)
        else:
            await self._connect(call, leg, answered)

    def _ringback(self, call: Call) -> str:
        """The file that the caller hears while it rings; empty for none."""
        plan = self.ringer.plan
        callee = plan.directory.find(call.callee.number)
        own = callee.ringback if callee is not None else ""
        trunk = plan.trunks.get(call.caller.trunk)
        return own or (trunk.terms.ringback if trunk is not None else "")

    async def _connect(self, call: Call, leg: Leg, answered: Answered) -> None:
        """Join the phone that answered and the caller."""
        call.callee.leg = leg
        headers = passed(answered.headers, PROVISIONAL)
        connect = self._connect_late_offer if call.is_late_offer else self._connect_offer
        try:
            await connect(call, leg, answered, headers)
        except DescriptionError as error:
            raise CallEnds(incompatible(error)) from error
        settle(call)

    async def _connect_picked_up(self, call: Call) -> None:
        """Join the caller and the phone that has taken the call, which is answered already."""
        caller, callee = call.caller.audio, call.callee.audio
        try:
            if call.is_late_offer:
                await answer_caller(self.history, call, caller.offer_own(), [])
                caller.answered(await acknowledged(call))
                call.happen(Occurrence.CONNECTED)
            else:
                await answer_caller(self.history, call, caller.answer(callee), [])
        except DescriptionError as error:
            raise CallEnds(incompatible(error)) from error
        caller.join(callee)
        settle(call)

    async def _connect_offer(
        self, call: Call, leg: Leg, answered: Answered, headers: list[Header]
    ) -> None:
        """Carry the callee's answer to the caller."""
        leg.acknowledge()
        await answer_caller(self.history, call, agree(call, leg, answered.sdp), headers)

    async def _connect_late_offer(
        self, call: Call, leg: Leg, answered: Answered, headers: list[Header]
    ) -> None:
        """Carry the callee's offer to the caller, and the answer in the caller's ACK back."""
        caller, callee = call.caller.audio, call.callee.audio
        callee.far_end = leg.flow.remote[0]
        callee.offered(answered.sdp)
        await answer_caller(self.history, call, caller.offer(callee), headers)
        caller.answered(await acknowledged(call))
        leg.acknowledge(callee.answer(caller))
        call.happen(Occurrence.CONNECTED)
        caller.join(callee)


def may_go_on(call: Call, ending: Ending) -> bool:
    """Whether only the number that was rung has failed, and another may be."""
    if call.is_answered or ending.outcome is Outcome.CANCELLED or ending.by is EndedBy.COMMAND:
        return False
    ports = (party.audio.port for party in call.parties)
    return not any(port is not None and port.gone.done() for port in ports)


def ringing(call: Call, ringback: str, forks: Forks, leg: Leg, event: Ringing) -> None:
    """Let the caller hear that it rings, or the early media of the callee's side.

    `ringback` is the file that it hears instead of the tone; empty for none.
    """
    if event.status not in PASSED_ON:
        return
    early = event.sdp is not None and not call.is_late_offer
    if forks.rang is None:
        forks.rang = leg
    elif leg is not forks.rang and not early:
        return
    if call.state is CallState.SETUP:
        call.happen(Occurrence.RANG)
    sdp = None
    if early:
        forks.heed(leg)
        try:
            sdp = agree(call, leg, event.sdp)
        except DescriptionError:
            return
        for party in call.parties:
            party.audio.open_early()
    if call.caller.leg is not None and (sdp is not None or call.ringback is None):
        call.caller.leg.progress(event.status, sdp, passed(event.headers, PROVISIONAL))
    if sdp is None and ringback:
        ring_from_file(call, ringback)


def ring_from_file(call: Call, path: str) -> None:
    """Let the caller hear a file as early media, until somebody answers or is heard early."""
    audio, leg = call.caller.audio, call.caller.leg
    if leg is None or audio.port is None or call.is_late_offer or audio.session.last is not None:
        return
    try:
        sdp = audio.answer_own()
    except DescriptionError:
        return  # the caller speaks nothing that we do: it hears its own tone
    audio.open_early()
    call.ringback = audio.port.play_file(path, repeat=True)
    leg.progress(183, sdp)


def agree(call: Call, leg: Leg, answer: bytes | None) -> bytes:
    """Take the answer of a callee's phone, let both sides hear each other, and answer the caller.

    Raises DescriptionError when the phone chose what the caller cannot do.
    """
    caller, callee = call.caller.audio, call.callee.audio
    callee.far_end = leg.flow.remote[0]
    callee.answered(answer)
    call.stop_ringback()
    # What the caller was told early is a preview of the answer, which stays (RFC 3261 13.2.1).
    is_told = call.ringback is not None and callee.is_understood
    sdp = caller.answer_again() if is_told else caller.answer(callee)
    caller.join(callee)
    return sdp
