"""Rings phones, round after round, until one answers: THE loop of every call and every transfer.

Whatever else happens to the call meanwhile goes on as in a conversation (`conversation.take`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from softswitch.calls.call.admission import NoPlace, visit
from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import PhonesBack, RingTimeout
from softswitch.calls.call.party import MediaGone, Party
from softswitch.calls.call.port_opening import Ports, give_port, open_port
from softswitch.calls.call.progress import Progress
from softswitch.calls.call.rooms import ConferenceRooms
from softswitch.calls.call.worker_migration import bring
from softswitch.calls.endings.endings import (
    CallEnds,
    Ending,
    NotReached,
    broken,
    not_answered,
    refused_here,
    sips_required,
)
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension, RingPlan
from softswitch.calls.numbers.forwarding import MOST_FORWARDS, Forwarded, redirected_to
from softswitch.calls.numbers.routing import COMMAND, INSIDE, Rights, Routing
from softswitch.calls.numbers.targets import CONNECTION_LOST, Rounds
from softswitch.calls.ports.media_port import MEDIA_INSECURE
from softswitch.calls.setup.conversation import take
from softswitch.calls.setup.dialler import Dialler
from softswitch.calls.setup.forks import Forks, Propose
from softswitch.calls.setup.pickup import PickedUp, PickUpAsked, take_call
from softswitch.calls.setup.urgent import told_emergency
from softswitch.calls.setup.wishes import Wishes
from softswitch.sdp.description import DescriptionError
from softswitch.sdp.keying import InsecureAnswer
from softswitch.sip.events import Answered, Ended, Failed, Reoffered, Ringing

Tell = Callable[[int], None]
"Hears the statuses of a call that somebody has asked for, as in its responses."


def tell_nobody(status: int) -> None:
    """Tell nobody of the status: the requester waits for the outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingOrder:
    """One ringing: the phones, the caller that they show, and what may happen meanwhile."""

    rounds: Rounds
    party: Party
    "The party whose phones ring."
    shown: Party
    "The caller that they show."
    propose: Propose | None
    "Makes the offer for a phone; None leaves that to the phones."
    ring_time: float
    "Seconds of each round."
    rang: Callable[[Forks, Leg, Ringing], None]
    "Takes the provisional responses."
    redirects: Routing | None = None
    """Reads where phones redirect the call to; None where a redirect is a refusal: a member of a
    group does not speak for the others."""
    leaving: Party | None = None
    "A party that may hang up meanwhile without an end of the call."
    interrupt: Callable[[object], None] | None = None
    "Sees what else comes to the call, such as a command; what it raises ends the ringing."


@dataclass(frozen=True, slots=True)
class Ringer:
    """Rings phones for parties of calls."""

    plan: DialPlan
    dialler: Dialler
    ports: Ports
    rooms: ConferenceRooms
    wishes: Wishes

    async def open_beside(self, call: Call, party: Party, other: Party) -> None:
        """Open the port of a party whose phones are about to ring, beside that of the other.

        Raises CallEnds, also where nothing leads to its number.
        """
        try:
            rounds = self.plan.reach(party.number)
        except NotReached as error:
            raise CallEnds(error.ending) from error
        await open_port(self.ports, call, party, rounds.first_host, other=other)

    async def ring(self, call: Call, order: RingOrder) -> tuple[Leg, Answered]:
        """Ring one round after the other; returns the first phone that answers.

        The others are cancelled. Raises NotReached, Forwarded, PickedUp, and CallEnds when the call
        ends meanwhile.
        """
        remaining = list(order.rounds.rounds)
        self.plan.turns.take(order.rounds.turns)
        while True:
            with Forks(call, self.dialler, order.party, order.ring_time) as forks:
                try:
                    forks.dial(remaining.pop(0), order.propose, order.shown)
                    leg, answered = await first_answer(call, forks, order, self.ports)
                except NotReached as error:
                    if not remaining or not order.rounds.goes_on(error.ending):
                        raise
                else:
                    forks.win(leg)
                    return leg, answered

    async def ring_party(
        self,
        call: Call,
        party: Party,
        shown: Party,
        *,
        like: AudioStream | None = None,
        ring_time: float | None = None,
        leaving: Party | None = None,
        rights: Rights = COMMAND,
        mailbox: bool = True,
        tell: Tell = tell_nobody,
    ) -> None:
        """Ring `party.number`; returns when a phone has answered and is the party's leg.

        Where phones redirect the call it rings elsewhere, and `party.number` says where.

        A conference answers at once: then the party has a seat, for `shown`. `shown` is the caller
        that the phone shows; `like` is whose codecs are offered, those of the switch itself without
        it. The party that is `leaving` may hang up meanwhile. `rights` are the requester's,
        `mailbox` says whether that of an extension may take the call, and
        `tell` hears of the first phone that rings. Raises NotReached, CannotNow when the sound of
        `shown` cannot get to a conference, and CallEnds when the call ends meanwhile.
        """
        visited: list[str] = []
        waiting: list[tuple[str, Rights]] = []
        while True:
            try:
                if party.number in visited or len(visited) > MOST_FORWARDS:
                    raise NotReached(refused_here(482, "forwarded in a circle"))
                visited.append(party.number)
                await self._ring_number(
                    call,
                    party,
                    shown,
                    like=like,
                    ring_time=ring_time,
                    leaving=leaving,
                    rights=rights,
                    mailbox=mailbox,
                    tell=tell,
                )
                return
            except Forwarded as forwarded:
                if forwarded.rights is COMMAND:
                    raise
                tell_forward(call, party.number, forwarded)
                numbers = (forwarded.number, *forwarded.others)
                waiting = [*((number, forwarded.rights) for number in numbers), *waiting]
                party.divert(
                    call.terms.domain, forwarded.status, forwarded.headers, forwarded.reason
                )
            except NotReached as error:
                if not waiting or error.ending.is_for_all:
                    raise
                party.divert(call.terms.domain, error.ending.status)
            party.number, rights = waiting.pop(0)
            party.name = ""

    async def _ring_number(
        self,
        call: Call,
        party: Party,
        shown: Party,
        *,
        like: AudioStream | None,
        ring_time: float | None,
        leaving: Party | None,
        rights: Rights,
        mailbox: bool,
        tell: Tell,
    ) -> None:
        """Ring one number, as its extension wants. Raises as `ring_party` does, and Forwarded."""
        extension = self.plan.extension(party.number, rights)
        if extension is not None and not party.name:
            party.name = extension.name
        if shown.leg is not None and extension is not None and extension.kind.is_room:
            await self._enter(call, party, extension, shown)
            return
        plan = None
        try:
            if extension is not None:
                plan = self.wishes.before(call, extension, shown, ring_time)
            await self._ring_phones(
                call,
                plan,
                party,
                shown,
                like=like,
                ring_time=ring_time,
                leaving=leaving,
                rights=rights,
                tell=tell,
            )
        except NotReached as error:
            if plan is not None and plan.overflow:
                raise overflow(plan, error.ending) from error
            forwarded = self.wishes.after(call, extension, error.ending, mailbox=mailbox)
            raise forwarded or error from error

    async def _ring_phones(
        self,
        call: Call,
        plan: RingPlan | None,
        party: Party,
        shown: Party,
        *,
        like: AudioStream | None,
        ring_time: float | None,
        leaving: Party | None,
        rights: Rights,
        tell: Tell,
    ) -> None:
        """Ring the phones of a plan, else what the number leads to. Raises as `ring_party` does."""
        if plan is not None:
            rounds = await self.phones(call, plan, leaving)
        else:
            rounds = self.plan.reach(party.number, shown.shown, rights)
        with told_emergency(self.dialler.emergencies, call, rounds.emergency):
            rounds = rounds.suited(sips=call.is_sips)
            if not rounds.rounds:
                raise NotReached(rounds.nobody)
            await give_port(self.ports, call, party, rounds.first_host, shown)

            def rang(forks: Forks, leg: Leg, event: Ringing) -> None:
                if forks.rang is None:
                    forks.rang = leg
                    tell(180)
                if call.state is CallState.SETUP:
                    call.happen(Occurrence.RANG)
                if event.status == 182:
                    call.advance(Progress.QUEUED)
                elif event.sdp:
                    call.advance(Progress.EARLY_MEDIA)

            order = RingOrder(
                rounds=rounds,
                party=party,
                shown=shown,
                propose=partial(party.audio.propose, like=like, settled=like is not None),
                ring_time=rounds.ring_time or ring_time or call.terms.ring_time,
                rang=rang,
                redirects=None if rounds.turns else self.plan.routing,
                leaving=leaving,
            )
            try:
                leg, answered = await self._ring_again(call, plan, order)
            except PickedUp:
                return
            join_leg(party, leg, answered)

    async def _ring_again(
        self, call: Call, plan: RingPlan | None, order: RingOrder
    ) -> tuple[Leg, Answered]:
        """As `ring`, once more when the connection to the phones was lost and they are back."""
        try:
            return await self.ring(call, order)
        except NotReached as error:
            again = await self.phones_again(call, plan, order.rounds, error.ending, order.leaving)
            if again is None:
                raise
            return await self.ring(call, replace(order, rounds=again))

    async def phones(self, call: Call, plan: RingPlan, leaving: Party | None = None) -> Rounds:
        """The phones of a plan; where there are none now, those that are about to connect again.

        After a restart of the switch the phones of TCP, TLS and WebSocket are known, and nothing
        leads to them until they come back. Raises CallEnds and Forwarded as `take` does.
        """
        rounds = self.plan.phones(plan)
        if not rounds.rounds and (awaited := self.plan.awaited(plan)):
            await self._wait_for(call, awaited, leaving)
            rounds = self.plan.phones(plan)
        return rounds

    async def phones_again(
        self,
        call: Call,
        plan: RingPlan | None,
        rung: Rounds,
        ending: Ending,
        leaving: Party | None = None,
    ) -> Rounds | None:
        """The phones of a plan for another try, when the connection that led to them was lost.

        Nobody notices that a phone has gone before something is sent to it, and it may be back in a
        second. None: the ending is another one, or they stay away. Raises as `phones` does.
        """
        if plan is None or ending.callee_status != CONNECTION_LOST or len(rung.rounds) != 1:
            return None
        phones = (await self.phones(call, plan, leaving)).suited(sips=call.is_sips)
        return phones if phones.flows - rung.flows else None

    async def _wait_for(self, call: Call, awaited: Sequence[str], leaving: Party | None) -> None:
        """Wait until a phone of these extensions is back, for a while at most."""

        async def wait() -> None:
            await self.plan.registrations.returned(awaited)
            call.put(None, PhonesBack())

        waiting = call.spawn(wait())
        try:
            while True:
                leg, event = await call.next_event()
                if isinstance(event, PhonesBack):
                    return
                if leaving is None or not _has_left(leaving, leg, event):
                    take(call, leg, event)
        finally:
            waiting.cancel()

    async def _enter(
        self, call: Call, party: Party, conference: Extension, newcomer: Party
    ) -> None:
        """Get a place in a conference, with the newcomer's sound on the worker of its room."""
        if not newcomer.audio.is_understood:
            raise NotReached(refused_here(488, "no common codec"))
        try:
            visit(self.rooms, call, party, conference, newcomer)
        except NoPlace as error:
            raise NotReached(error.ending) from error
        assert party.seat is not None
        try:
            await bring(self.ports, call, newcomer, party.seat.room)
        except BaseException:
            party.leave_room()
            raise


async def first_answer(
    call: Call, forks: Forks, order: RingOrder, ports: Ports
) -> tuple[Leg, Answered]:
    """Wait until a phone answers; raises NotReached, Forwarded or CallEnds when none will.

    Raises PickedUp when another phone has taken the call.
    """
    while True:
        leg, event = await call.next_event()
        if leg is not None and leg in forks:
            match event:
                case Ringing():
                    forks.hear(leg)
                    order.rang(forks, leg, event)
                case Answered():
                    return leg, event
                case Reoffered():
                    _offered_early(forks, leg, event.sdp, order)
                case Failed():
                    _refused(forks, leg, event, order.redirects, sips=call.is_sips)
        elif isinstance(event, PickUpAsked):
            if await take_call(ports, call, order.party, order.shown, event):
                forks.give_way()
                raise PickedUp
        elif isinstance(event, RingTimeout):
            if event.phones is forks:
                raise NotReached(not_answered())
        else:
            _take_other(call, order, leg, event)


def _take_other(call: Call, order: RingOrder, leg: Leg | None, event: object) -> None:
    """Take what has nothing to do with the phones that ring."""
    if order.interrupt is not None:
        order.interrupt(event)
    if order.leaving is None or not _has_left(order.leaving, leg, event):
        take(call, leg, event)


def overflow(plan: RingPlan, ending: Ending) -> Forwarded:
    """What is raised when nobody of a group has taken a call: another number rings."""
    rights = Rights(plan.group)
    return Forwarded(plan.overflow, rights, status=ending.callee_status or ending.status)


def _offered_early(forks: Forks, leg: Leg, offer: bytes | None, order: RingOrder) -> None:
    """Let a phone change its early media; one of several cannot, since they share a port."""
    audio, other = order.party.audio, order.shown.audio
    audio.remember()
    try:
        if offer is None or not forks.is_single or audio.heard is None:
            raise DescriptionError("there is no early media to change", 488)
        audio.offered(offer)
        leg.answer_reoffer(audio.answer(other) if other.heard is not None else audio.answer_own())
    except DescriptionError as error:
        audio.undo()
        leg.refuse_reoffer(error.status)
    else:
        audio.open_early()


def _refused(
    forks: Forks, leg: Leg, event: Failed, redirects: Routing | None, *, sips: bool
) -> None:
    """Follow a redirect, or note a refusal; raises NotReached after the last of them."""
    needs_sips = False
    if redirects is not None:
        read = partial(redirected_to, event.status, event.headers, redirects)
        numbers = read(sips=sips)
        if numbers:
            raise Forwarded(
                numbers[0], INSIDE, numbers[1:], status=event.status, headers=event.headers
            )
        needs_sips = bool(read(sips=True))
    ending = forks.refuse(leg, event)
    if ending is not None:
        raise NotReached(sips_required() if needs_sips else ending)


def tell_forward(call: Call, number: str, forwarded: Forwarded) -> None:
    """Note in the record that a number has not kept the call."""
    call.tell("forwarded", number=number, to=forwarded.number, status=str(forwarded.status))


def _has_left(leaving: Party, leg: Leg | None, event: object) -> bool:
    """Whether this only tells that a party which leaves the call anyway has hung up."""
    if leaving.leg is None or not leaving.leg.ended.done():
        return False
    if isinstance(event, MediaGone):
        return event.party is leaving
    return isinstance(event, Ended) and leg is leaving.leg


def join_leg(party: Party, leg: Leg, answered: Answered) -> None:
    """Make the phone that answered our offer the party's; raises NotReached (488)."""
    party.leg = leg
    party.audio.is_inside = leg.is_inside
    leg.acknowledge()
    try:
        party.audio.answered(answered.sdp)
    except DescriptionError as error:
        party.leg = None
        ending = incompatible(error)
        leg.hangup(ending.reason_header)
        raise NotReached(ending) from error


def incompatible(error: DescriptionError) -> Ending:
    """The ending when a phone's answer does not fit what it was offered."""
    what = MEDIA_INSECURE if isinstance(error, InsecureAnswer) else "incompatible"
    return broken(what, answered=False, cause=88, status=488)
