"""The phones of an extension ring at once; the first that answers wins (RFC 3261 section 16.7).

The forks share the callee's port and our offer: each is a dialog of its own, and of their
descriptions only the winner's counts in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from softswitch.calls.call.call import Call, Party, RingTimeout, let_go
from softswitch.calls.endings.endings import (
    CallEnds,
    Ending,
    Header,
    refused_by_callee,
    refused_here,
)
from softswitch.calls.endings.outcomes import COMPLETED_ELSEWHERE, best_of
from softswitch.calls.leg.header_passthrough import FINAL, REQUEST, fewer_hops, passed
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.targets import LINE_FAILED, Target
from softswitch.sip.events import Failed
from softswitch.sip.message.address import Address
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.uri import sip_uri

if TYPE_CHECKING:
    from softswitch.calls.numbers.trunks import Trunk


class Forks:
    """Legs that ring for one callee; leaving the `with` block cancels all but the winner."""

    __slots__ = ("_call", "_legs", "_refusals", "_rung", "_timers", "_winner", "rang")

    def __init__(self, call: Call, ring_time: float) -> None:
        self._call = call
        self._legs: dict[Leg, Target] = {}
        self._rung: Party = call.callee
        self._refusals: dict[int, Failed] = {}
        self._winner: Leg | None = None
        self.rang: Leg | None = None
        "The phone that rang first: it speaks for all of them."
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(ring_time, call.put, None, RingTimeout(self))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        reason = COMPLETED_ELSEWHERE if self._winner is not None else None
        for leg in self._legs:
            if leg is not self._winner:
                self._release(leg)
                leg.hangup(reason)

    def __contains__(self, leg: object) -> bool:
        return leg in self._legs

    def dial(
        self,
        targets: Iterable[Target],
        offer: bytes | None,
        *,
        caller: Party | None = None,
        callee: Party | None = None,
    ) -> None:
        """Send an INVITE to every target; raises CallEnds (482, 483) when none may be sent.

        `caller` is whom the phones show, `callee` whom they ring for; the call's own by default.
        """
        call, house = self._call, self._call.house
        invite = call.invite
        hops = fewer_hops(invite.max_forwards if invite is not None else None)
        if hops is None:
            raise CallEnds(refused_here(483))
        headers = passed(invite.headers, REQUEST) if invite is not None else []
        shown, rung = caller or call.caller, callee or call.callee
        self._rung = rung
        from_ = Address(sip_uri(shown.number, house.domain), shown.name)
        to = Address(sip_uri(rung.number, house.domain), rung.name)
        for target in targets:
            if call.legs >= house.limits.legs_per_call:
                break
            call.legs += 1
            trunk = target.trunk
            leg = Leg.dial(
                house.stack,
                name=f"{call.id}-{call.legs}",
                target=target.uri,
                flow=target.flow,
                from_=target.from_ or from_,
                to=target.to or to,
                route=target.path,
                headers=headers,
                sdp=offer,
                max_forwards=hops,
                credentials=trunk.credentials if trunk is not None else None,
                deliver=call.put,
            )
            house.calls.invited(leg.call_id)
            self._legs[leg] = target
            if trunk is not None:
                self._goes_outside(leg, target, trunk)
        if not self._legs:
            raise CallEnds(refused_here(482, "too many legs"))

    def _goes_outside(self, leg: Leg, target: Target, trunk: Trunk) -> None:
        self._rung.line = trunk.name
        trunk.outgoing += 1
        trunk.carry(leg)
        if target.patience is not None:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(target.patience, self._give_up, leg))

    def _give_up(self, leg: Leg) -> None:
        """Take an INVITE that nobody has heard for one that failed."""
        if leg in self._legs and leg.is_unheard:
            let_go(leg)
            leg.hangup()
            self._call.put(leg, Failed(408, "no response", Headers()))

    def win(self, leg: Leg) -> None:
        """This phone has answered; its extension is the callee, also of a call to a group."""
        self._winner = leg
        leg.take("REFER")
        target = self._legs[leg]
        if target.trunk is None:
            self._rung.number = self._rung.extension = target.number

    def refuse(self, leg: Leg, event: Failed) -> Ending | None:
        """Note a phone's final response; the ending when it was the last, or a 6xx for all."""
        trunk = self._legs.pop(leg).trunk
        self._release(leg)
        if trunk is not None and event.status in LINE_FAILED:
            trunk.failures += 1
        self._refusals.setdefault(event.status, event)
        if self._legs and event.status < 600:
            return None
        best = best_of(self._refusals)
        headers: tuple[Header, ...] = tuple(passed(self._refusals[best].headers, FINAL))
        return refused_by_callee(best, rang=self.rang is not None, headers=headers)

    def _release(self, leg: Leg) -> None:
        let_go(leg)
        self._call.house.calls.forget_invite(leg.call_id)
