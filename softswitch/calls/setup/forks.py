"""The phones of an extension ring at once; the first that answers wins (RFC 3261 section 16.7).

The forks share the callee's port: each is a dialog of its own, with an offer that suits its phone,
and of their descriptions only the winner's counts in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Self

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import RingTimeout
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import (
    EndedBy,
    Ending,
    Header,
    NotReached,
    refused_by_callee,
    refused_here,
    unheard_outside,
)
from softswitch.calls.endings.outcomes import COMPLETED_ELSEWHERE, best_of
from softswitch.calls.leg.audio import Proposal
from softswitch.calls.leg.header_passthrough import FINAL, REQUEST, fewer_hops, passed
from softswitch.calls.leg.leg import Leg
from softswitch.calls.leg.media_terms import MediaTerms
from softswitch.calls.numbers.routing import Way
from softswitch.calls.numbers.rules.budgets import CallOut
from softswitch.calls.numbers.targets import (
    CONNECTION_LOST,
    FLOW_FAILED,
    TRUNK_FAILED,
    Target,
)
from softswitch.calls.numbers.trunk import Trunk
from softswitch.calls.setup.dialler import Dialler
from softswitch.sip.events import Failed
from softswitch.sip.message.headers import Headers
from softswitch.transport.messages import shown

log = structlog.get_logger("softswitch.trunks")

NOT_ACCEPTABLE = 488
"The status of a phone that can do nothing with our offer."

LOCATION_REFUSED = frozenset((400, 406, 413, 415, 420, 424, 488, 493, 500, 501, 513, 606))
"""Statuses of a far end that may not understand where an emergency caller is (424: RFC 6442), so
that the call goes out again without it."""

Propose = Callable[[MediaTerms], Proposal]
"Makes the offer for a phone on its terms."


class Forks:
    """Legs that ring for one callee; leaving the `with` block cancels all but the winner."""

    __slots__ = (
        "_call",
        "_dial",
        "_dialler",
        "_heeded",
        "_is_taken",
        "_later",
        "_legs",
        "_party",
        "_proposals",
        "_propose",
        "_refusals",
        "_spending",
        "_timers",
        "_winner",
        "rang",
    )

    def __init__(self, call: Call, dialler: Dialler, party: Party, ring_time: float) -> None:
        """The phones are those of `party`; they ring for at most `ring_time` seconds."""
        self._call = call
        self._dialler = dialler
        self._dial: Callable[..., Leg] = dialler.dial
        "The same with what all phones of this callee are told."
        self._party = party
        self._legs: dict[Leg, Target] = {}
        self._later: list[Target] = []
        "Those that ring after a delay and do not yet, the next one last."
        self._propose: Propose | None = None
        "Makes the offer for a phone; None where the offer is left to the phones."
        self._proposals: dict[Leg, Proposal] = {}
        "What each phone was offered; none where the offer is left to the phones."
        self._spending: dict[Leg, CallOut] = {}
        "The calls out as budgets count them."
        self._refusals: dict[int, Failed] = {}
        self._winner: Leg | None = None
        self._is_taken = False
        "Whether a phone that does not ring here has taken the call."
        self._heeded: Leg | None = None
        "The phone whose description counts now, of those with early media."
        self.rang: Leg | None = None
        "The phone that rang first: it speaks for all of them."
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(ring_time, call.put, None, RingTimeout(self))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self._later.clear()
        is_completed = self._winner is not None or self._is_taken
        reason = COMPLETED_ELSEWHERE if is_completed else None
        for leg, target in self._legs.items():
            if target.trunk is not None and not leg.is_unheard:
                target.trunk.heard(target.flow)
            if leg is not self._winner:
                leg.let_go()
                leg.hangup(reason)
            self._call.ring_no_more(leg)

    @property
    def is_single(self) -> bool:
        """Whether one phone rings."""
        return len(self._legs) == 1 and not self._later

    def __contains__(self, leg: object) -> bool:
        return leg in self._legs

    def dial(self, targets: Iterable[Target], propose: Propose | None, caller: Party) -> None:
        """Send an INVITE to every target; `caller` is the one that the phones show.

        `propose` makes the offers; None leaves that to the phones. Raises NotReached (482, 483)
        when none may be sent.
        """
        call, invite = self._call, self._call.invite
        hops = fewer_hops(invite.max_forwards if invite is not None else None)
        if hops is None:
            raise NotReached(refused_here(483))
        headers = passed(invite.headers, REQUEST) if invite is not None else []
        self._dial = partial(
            self._dialler.dial,
            shown=caller,
            chain=call.chain_id,
            rung=self._party,
            headers=headers,
            max_forwards=hops,
            deliver=call.put,
        )
        self._propose = propose
        in_order = sorted(targets, key=lambda target: -target.delay)
        self._later = [target for target in in_order if target.delay > 0]
        for target in in_order:
            if target.delay <= 0:
                self._invite(target)
        loop = asyncio.get_running_loop()
        for delay in {target.delay for target in self._later}:
            self._timers.append(loop.call_later(delay, self._ring_later, delay))
        if not self._legs:
            raise NotReached(refused_here(482, "too many legs"))

    def _ring_later(self, delay: float) -> None:
        """Let those ring whose delay is over."""
        while self._later and self._later[-1].delay <= delay:
            self._invite(self._later.pop())

    def _invite(self, target: Target, terms: MediaTerms | None = None) -> None:
        """Send an INVITE, unless the call has as many legs as it may.

        `terms` are those of our offer where they are not what the settings want first.
        """
        call = self._call
        is_urgent = target.way is not None and target.way.emergency is not None
        if call.legs >= call.most_legs and not is_urgent:
            return
        if target.way is not None and (refusal := self._dialler.budgets.refusal(target.way)):
            raise NotReached(refused_here(403, refusal))  # one that was let out meanwhile took it
        call.legs += 1
        proposal = self._proposal(terms or self._terms(target), self._propose)
        offer = proposal.body if proposal is not None else None
        leg = self._dial(target, name=f"{call.id}-{call.legs}", offer=offer)
        self._legs[leg] = target
        call.trace.follow(leg, target.trunk_name or target.number)
        call.tell("rang", number=target.number, trunk=target.trunk_name)
        if proposal is not None:
            self._proposals[leg] = proposal
        if target.trunk is not None:
            self._goes_outside(leg, target, target.trunk)
        else:
            call.ring(leg, target.number)
        if target.way is not None:
            self._spends(leg, target.way)

    def _terms(self, target: Target) -> MediaTerms:
        return self._call.terms.srtp.of(target.srtp, target.flow.transport)

    def _proposal(self, terms: MediaTerms, propose: Propose | None) -> Proposal | None:
        """Make an offer on these terms; each phone has keys of its own, and else all share one."""
        if propose is None:
            return None
        made = (known for known in self._proposals.values() if known.terms == terms)
        shared = next(made, None) if terms.are_for_many else None
        return shared or propose(terms)

    def heed(self, leg: Leg) -> None:
        """Speak to this phone from now on, in the terms of what it was offered."""
        if leg is self._heeded:
            return  # what was said since then counts
        self._heeded = leg
        audio, target = self._party.audio, self._legs[leg]
        proposal = self._proposals.get(leg)
        if proposal is not None:
            audio.take(proposal)
        else:
            audio.terms = self._terms(target)

    def _goes_outside(self, leg: Leg, target: Target, trunk: Trunk) -> None:
        self._party.trunk = trunk.name
        trunk.outgoing += 1
        trunk.carry(leg)
        if target.patience is not None:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(target.patience, self._give_up, leg))

    def _spends(self, leg: Leg, way: Way) -> None:
        """Let budgets count it, from now to its end."""
        end = partial(self._call.end_soon, EndedBy.SYSTEM, "the budget is used up")
        counted = self._spending[leg] = self._dialler.budgets.begin(way, end)
        leg.ended.add_done_callback(counted.ended)

    def _give_up(self, leg: Leg) -> None:
        """Treat an INVITE without any response as one that has failed."""
        if leg in self._legs and leg.is_unheard:
            leg.let_go()
            leg.hangup()
            seconds = self._legs[leg].patience
            self._call.put(leg, Failed(408, f"no response in {seconds:g} s", Headers()))

    def hear(self, leg: Leg) -> None:
        """Note that a phone says that it rings."""
        if leg in self._call.rung:
            self._call.ring(leg, self._legs[leg].number)

    def win(self, leg: Leg) -> None:
        """This phone has answered; its extension is the callee, also of a call to a group."""
        self._winner = leg
        self._dialler.lines.answers(leg)
        self.heed(leg)
        leg.take("REFER")
        if leg in self._spending:
            self._spending[leg].answered()
        target = self._legs[leg]
        self._call.tell("answered", number=target.number, trunk=target.trunk_name)
        if target.trunk is None:
            self._party.number = self._party.extension = target.number
        if (port := self._party.audio.port) is not None:
            port.country = self._call.terms.country_of(self._party.extension, self._party.trunk)

    def give_way(self) -> None:
        """Another phone has taken the call: those that ring are told so when they are let go."""
        self._is_taken = True

    def refuse(self, leg: Leg, event: Failed) -> Ending | None:
        """Note a phone's final response; the ending when it was the last, or a 6xx for all."""
        target = self._legs.pop(leg)
        leg.let_go()
        if leg in self._spending:
            self._spending.pop(leg).ended()
        self._call.tell(
            "refused",
            number=target.number,
            trunk=target.trunk_name,
            status=str(event.status),
            reason=event.reason,
        )
        self._call.ring_no_more(leg)
        if target.trunk is not None:
            self._note(leg, target, target.trunk, event)
        if event.status in FLOW_FAILED and (again := target.next_flow) is not None:
            self._invite(again)
            if self._legs:
                return None
        if event.status in LOCATION_REFUSED and (plain := target.without_location) is not None:
            self._invite(plain)
            return None
        proposal = self._proposals.pop(leg, None)
        if event.status == NOT_ACCEPTABLE and proposal is not None and proposal.terms.instead:
            legs = len(self._legs)
            self._invite(target, proposal.terms.instead)
            if len(self._legs) > legs:
                return None
        self._refusals.setdefault(_status_of(target, leg, event), event)
        if event.status >= 600:
            self._let_go_of(target)
        while self._later and not self._legs:
            self._ring_later(self._later[-1].delay)
        if self._legs:
            return None
        best = best_of(self._refusals)
        headers: tuple[Header, ...] = tuple(passed(self._refusals[best].headers, FINAL))
        ending = refused_by_callee(best, rang=self.rang is not None, headers=headers)
        return unheard_outside(ending) if target.trunk is not None and leg.is_unheard else ending

    def _let_go_of(self, refusing: Target) -> None:
        """Let the other phones of an extension ring no more: a 6xx is meant for all of them.

        Other members of a group ring on (RFC 3261 section 21.6 speaks of one user).
        """
        for leg, target in list(self._legs.items()):
            if target.number == refusing.number:
                del self._legs[leg]
                self._proposals.pop(leg, None)
                leg.let_go()
                leg.hangup()
                self._call.ring_no_more(leg)
        self._later = [each for each in self._later if each.number != refusing.number]

    def _note(self, leg: Leg, target: Target, trunk: Trunk, event: Failed) -> None:
        """Remember for the next calls how a trunk did."""
        why = event.reason if leg.is_unheard else f"{event.status} {event.reason}"
        if leg.is_unheard:
            trunk.unheard(target.flow, f"INVITE: {why}")
        else:
            trunk.heard(target.flow)
        if event.status in TRUNK_FAILED:
            trunk.failures += 1
            about = {"trunk": trunk.name, "flow": shown(target.flow)}
            log.warning("outside line failed", call=self._call.id, **about, reason=why)


def _status_of(target: Target, leg: Leg, event: Failed) -> int:
    """What a phone has refused with; an INVITE that found no way was refused by nobody."""
    if event.status == 503 and target.trunk is None and leg.is_unheard:
        return CONNECTION_LOST
    return event.status
