"""Rings a number for one party of a running call: calls that the switch begins, and transfers.

Whatever else happens to the call meanwhile goes on as in a conversation (`conversation.take`).
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.calls.call.admission import NoPlace, visit
from softswitch.calls.call.call import Call, MediaGone, Party, RingTimeout
from softswitch.calls.call.services import CallServices
from softswitch.calls.endings.endings import CallEnds, Ending, broken, not_answered, refused_here
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import COMMAND, Rights, Unroutable
from softswitch.calls.numbers.targets import Rounds
from softswitch.calls.setup.conversation import take
from softswitch.calls.setup.forks import Forks
from softswitch.calls.setup.setup import open_port
from softswitch.calls.setup.worker_migration import bring
from softswitch.sdp.description import DescriptionError
from softswitch.sip.events import Answered, Ended, Failed, Ringing

Tell = Callable[[int], None]
"Hears the statuses of a call that somebody has asked for, as in its responses."


def tell_nobody(status: int) -> None:
    """Tell nobody of the status: who asked waits for the outcome."""


class NotReached(Exception):
    """Nobody answers at the number; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.detail)
        self.ending = ending


def phones_of(
    house: CallServices, number: str, shown: Party | None = None, rights: Rights = COMMAND
) -> Rounds:
    """Whom to ring for a number, at least one. Raises NotReached."""
    try:
        rounds = house.targets(number, shown, rights)
    except Unroutable as error:
        # 480 for an extension that is no phone: nobody was rung who could not answer
        outcome = Outcome.FAILED if error.status == 480 else None
        raise NotReached(refused_here(error.status, str(error), outcome=outcome)) from error
    if not rounds.rounds:
        raise NotReached(rounds.nobody)
    return rounds


async def ring_party(
    call: Call,
    party: Party,
    shown: Party,
    *,
    like: AudioStream | None = None,
    ring_time: float | None = None,
    leaving: Party | None = None,
    rights: Rights = COMMAND,
    tell: Tell = tell_nobody,
) -> None:
    """Ring `party.number`; returns when a phone has answered and is the party's leg.

    A conference answers at once: then the party has a seat, for `shown`. `shown` is the caller
    that the phone shows; `like` is whose codecs are offered, those of the switch itself without
    it. The party that is `leaving` may hang up meanwhile. `rights` are of who wants it, and `tell`
    hears of the first phone that rings. Raises NotReached, LookupError when the sound of `shown`
    cannot get to a conference, and CallEnds when the call ends meanwhile.
    """
    conference = call.house.conference(party.number, rights)
    if shown.leg is not None and conference is not None:
        await _enter(call, party, conference, shown)
        return
    rounds = phones_of(call.house, party.number, shown, rights)
    remaining = list(rounds.rounds)
    await give_port(call, party, remaining[0][0].flow.remote[0], shown)
    offer = party.audio.offer(like) if like is not None else party.audio.offer_own()
    seconds = ring_time or rounds.ring_time or call.house.limits.ring_time
    while True:
        with Forks(call, seconds) as forks:
            try:
                forks.dial(remaining.pop(0), offer, caller=shown, callee=party)
            except CallEnds as end:
                raise NotReached(end.ending) from end
            try:
                leg, answered = await _answer(call, forks, leaving, tell)
            except NotReached as error:
                if not remaining or not rounds.goes_on(error.ending):
                    raise
            else:
                forks.win(leg)
                break
    party.leg = leg
    leg.acknowledge()
    try:
        party.audio.answered(answered.sdp)
    except DescriptionError as error:
        party.leg = None
        leg.hangup()
        raise NotReached(broken("incompatible", answered=False, cause=88, status=488)) from error


async def give_port(call: Call, party: Party, far_end: str, other: Party) -> None:
    """Open a port for who joins a running call, which goes on without. Raises NotReached."""
    try:
        await open_port(call, party, far_end, other=other)
    except CallEnds as end:
        raise NotReached(end.ending) from end


async def _enter(call: Call, party: Party, conference: Extension, guest: Party) -> None:
    """Get a place in a conference, with the guest's sound on the worker of its room."""
    try:
        visit(call, party, conference, guest)
    except NoPlace as error:
        raise NotReached(error.ending) from error
    assert party.seat is not None
    try:
        await bring(call, guest, party.seat.room)
    except BaseException:
        party.leave_room()
        raise


async def _answer(
    call: Call, forks: Forks, leaving: Party | None, tell: Tell
) -> tuple[Leg, Answered]:
    while True:
        leg, event = await call.next_event()
        if leg is not None and leg in forks:
            match event:
                case Ringing():
                    if forks.rang is None:
                        forks.rang = leg
                        tell(180)
                    if call.state is CallState.SETUP:
                        call.happen(Occurrence.RANG)
                case Answered():
                    return leg, event
                case Failed() if (ending := forks.refuse(leg, event)) is not None:
                    raise NotReached(ending)
        elif isinstance(event, RingTimeout):
            if event.phones is forks:
                raise NotReached(not_answered())
        elif leaving is None or not _has_left(leaving, leg, event):
            take(call, leg, event)


def _has_left(leaving: Party, leg: Leg | None, event: object) -> bool:
    """Whether this only tells that a party which leaves the call anyway has hung up."""
    if leaving.leg is None or not leaving.leg.ended.done():
        return False
    if isinstance(event, MediaGone):
        return event.party is leaving
    return isinstance(event, Ended) and leg is leaving.leg
