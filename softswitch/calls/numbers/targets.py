"""Targets: the phones of extensions and the servers of trunks, in rounds.

A target is one INVITE; the targets of a round ring at once, and the rounds follow each other.
`dial_plan.py` makes them for a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import structlog

from softswitch.calls.endings.endings import (
    Ending,
    no_trunk,
    not_registered,
    not_secure,
    refused_here,
)
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.leg.media_terms import NO_OWN_TERMS, SrtpTerms
from softswitch.calls.numbers.registrations import Binding
from softswitch.calls.numbers.routing import Way, flow_to, uri_for
from softswitch.calls.numbers.trunk import Trunk, TrunkState
from softswitch.calls.numbers.turns import Rung, Turn
from softswitch.sip.effects import INSIDE_LINE, Flow
from softswitch.sip.message.address import Address
from softswitch.sip.message.uri import SipUri, Uri, sip_uri

log = structlog.get_logger("softswitch.trunks")

TRUNK_FAILED = frozenset((408, 430, 502, 503, 504))
"Refusals that speak of the trunk and not of the number, so that another trunk may do better."

EMERGENCY_DECIDED = frozenset((486, 600, 603))
"Refusals of an emergency call that come from those who take them, and not from a trunk."

FLOW_FAILED = frozenset((408, 430, 503))
"Refusals that speak of the flow, so that another flow of the same phone may do better."

CONNECTION_LOST = 430
"""How a phone counts that was rung by a connection which is gone (RFC 5626 section 11.5). The core
says 503, as RFC 3261 section 8.1.3.1 has it; for the caller that would be a fault of the switch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one INVITE goes."""

    uri: Uri
    flow: Flow
    number: str
    "The extension that it rings, or the number that is dialled outside."
    path: Sequence[str] = ()
    "Route headers towards it."
    from_: Address | None = None
    "The caller as this target must see it; None for the caller's number at our own domain."
    to: Address | None = None
    "The callee, likewise."
    trunk: Trunk | None = None
    "The trunk that it goes through."
    patience: float | None = None
    "Seconds without any response after which it counts as unreachable; None for Timer B's 32."
    srtp: SrtpTerms = NO_OWN_TERMS
    "What the settings of its extension or trunk say about SRTP."
    way: Way | None = None
    "The way out that it takes."

    delay: float = 0.0
    "Seconds that the others of its round ring before it."

    others: tuple[Target, ...] = ()
    "Other flows of the same phone, for when this one has failed (RFC 5626)."

    def suited(self, *, sips: bool) -> Target | None:
        """The target for a call with that scheme; None where it would be downgraded."""
        if not isinstance(self.uri, SipUri):
            return None if sips else self
        uri = self.uri
        if sips and (self.trunk is not None or self.flow == INSIDE_LINE):
            uri = uri.with_scheme("sips")
        found = uri_for(uri, self.flow, sips=sips)
        others = tuple(other for each in self.others if (other := each.suited(sips=sips)))
        if found is None:
            return replace(others[0], others=others[1:]) if others else None
        path = self.path
        if sips and self.trunk is not None:
            path = [hop.replace("<sip:", "<sips:", 1) for hop in path]
        return replace(self, uri=found, path=path, others=others)

    @classmethod
    def at(cls, srtp: SrtpTerms, binding: Binding, others: Iterable[Target] = ()) -> Self:
        """A phone where it has registered."""
        return cls(
            uri=binding.uri,
            flow=flow_to(binding),
            number=binding.extension,
            path=binding.path,
            srtp=srtp,
            others=tuple(others),
        )

    @property
    def trunk_name(self) -> str:
        """The name of its trunk; empty for a phone, and for the switch itself."""
        return "" if self.trunk is None else self.trunk.name

    @property
    def next_flow(self) -> Target | None:
        """The same phone by another flow; None when there is none."""
        return replace(self.others[0], others=self.others[1:]) if self.others else None

    @property
    def without_location(self) -> Target | None:
        """The same without the caller's place; None where that is not told."""
        way = self.way
        if way is None or way.emergency is None or not way.emergency.is_located:
            return None
        plain = way.emergency._replace(is_located=False)
        return replace(self, way=way._replace(emergency=plain))

    @classmethod
    def inside(cls, number: str) -> Self:
        """An extension that rings no phones: the switch calls itself, and serves the call."""
        return cls(uri=sip_uri(number, INSIDE_LINE.remote[0]), flow=INSIDE_LINE, number=number)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Targets to ring, round after round."""

    rounds: tuple[tuple[Target, ...], ...]
    "Without empty ones."
    ring_time: float | None = None
    "Seconds of each round; None for the setting of all calls."
    outside: bool = False
    "Whether they are ways to the same number outside: a next one only helps when a trunk fails."

    emergency: Way | None = None
    """The first of them where they lead to an emergency number: then the next is tried after nearly
    every failure."""

    turns: tuple[Turn, ...] = ()
    "The turns of groups that a call takes which rings them."

    is_busy: bool = False
    "Whether extensions were left out because they are in use."

    is_insecure: bool = False
    "Whether ways were left out because a `sips:` call would be downgraded on them."

    @property
    def first_host(self) -> str:
        """Where the first target is, for the family of our port; there must be one."""
        return self.rounds[0][0].flow.remote[0]

    def suited(self, *, sips: bool) -> Rounds:
        """The same for a call with that scheme, without the targets that would downgrade it.

        Help is called by any way.
        """
        if self.emergency is not None:
            return self
        rounds = [[target.suited(sips=sips) for target in targets] for targets in self.rounds]
        kept = [tuple(target for target in targets if target is not None) for targets in rounds]
        left_out = any(target is None for targets in rounds for target in targets)
        remaining = tuple(targets for targets in kept if targets)
        return replace(self, rounds=remaining, is_insecure=left_out)

    def goes_on(self, ending: Ending) -> bool:
        """Whether the next round may be rung after one that ended like this."""
        if not self.outside:
            return ending.is_refusal
        if self.emergency is not None:
            status = ending.callee_status
            return status is not None and status not in EMERGENCY_DECIDED
        return ending.callee_status in TRUNK_FAILED and ending.outcome is Outcome.FAILED

    @property
    def flows(self) -> set[Flow]:
        """The flows that lead to them."""
        return {target.flow for targets in self.rounds for target in targets}

    @property
    def nobody(self) -> Ending:
        """The ending when there is nothing to ring."""
        if self.is_insecure:
            return not_secure()
        if self.is_busy:
            return refused_here(486, "all members are busy")
        return no_trunk() if self.outside else not_registered()


def in_rounds(
    members: Sequence[Sequence[Rung]],
    phones_of: Callable[[str], tuple[Target, ...]],
    ring_time: float | None,
) -> Rounds:
    """The phones of extensions that ring round after round; those who are busy are left out.

    Where nobody rings at the beginning of a round, its first do so at once.
    """
    rounds: list[tuple[Target, ...]] = []
    turns: tuple[Turn, ...] = ()
    is_busy = False
    for members_of_round in members:
        targets: list[Target] = []
        for rung in members_of_round:
            phones = phones_of(rung.number)
            if phones and rung.is_busy:
                is_busy = True
            elif phones:
                targets += [replace(phone, delay=rung.delay) for phone in phones]
                turns = turns or rung.turns
        if targets:
            first = min(target.delay for target in targets)
            rounds.append(tuple(replace(each, delay=each.delay - first) for each in targets))
    return Rounds(tuple(rounds), ring_time, turns=turns, is_busy=is_busy)


@dataclass(frozen=True, slots=True)
class ShownCaller:
    """The caller as a server of a trunk is shown it."""

    number: str
    name: str
    "Display name; empty when unknown."
    is_ours: bool
    "Whether the caller is an extension; what comes in by a trunk keeps its number."


def through(trunk: Trunk, way: Way, caller: ShownCaller) -> list[Target]:
    """One target for each server of a trunk; a caller's number that a rule has made is shown."""
    terms, number = trunk.terms, way.number
    pattern = terms.caller_number
    if not caller.is_ours and "*" in pattern:
        pattern = "*"
    shown_number = way.caller or pattern.replace("*", caller.number)
    shown = Address(sip_uri(shown_number, terms.domain), caller.name)
    uri = terms.uri(number)
    return [
        Target(
            uri=uri,
            flow=flow,
            number=number,
            from_=shown,
            to=Address(sip_uri(number, terms.domain)),
            trunk=trunk,
            path=terms.path,
            patience=terms.timeout,
            srtp=terms.srtp,
            way=way,
        )
        for flow in trunk.flows
    ]


def ways_in_turn(ways: Sequence[tuple[Trunk, Way]], caller: ShownCaller) -> Rounds:
    """Every server of every trunk (with the number to dial there) in turn.

    Trunks that carry as many calls as they may are left out, and those that answer nothing; others
    that are not up come last. An emergency call leaves none out.
    """
    usable: list[tuple[Trunk, Way]] = []
    for trunk, way in ways:
        is_out = trunk.is_full or trunk.is_passed_over
        if is_out and way.emergency is None:
            why = "full" if trunk.is_full else f"down, {trunk.reason}"
            log.warning("outside line passed over", trunk=trunk.name, reason=why)
        else:
            usable.append((trunk, way))
    usable.sort(key=lambda pair: pair[0].state in (TrunkState.DOWN, TrunkState.REFUSED))
    rounds = [(target,) for trunk, way in usable for target in through(trunk, way, caller)]
    urgent = next((way for _, way in ways if way.emergency is not None), None)
    return Rounds(tuple(rounds), outside=True, emergency=urgent)
