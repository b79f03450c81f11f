"""The phones of an extension ring at once; the first that answers wins (RFC 3261 section 16.7).

The forks share the callee's port and our offer: each is a dialog of its own, and of their
descriptions only the winner's counts in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self

from softswitch.calls.call import Call, Party, RingTimeout, let_go
from softswitch.calls.endings import CallEnds, Ending, Header, refused_by_callee, refused_here
from softswitch.calls.leg import Leg
from softswitch.calls.outcomes import COMPLETED_ELSEWHERE, best_of
from softswitch.calls.passing import FINAL, REQUEST, fewer_hops, passed
from softswitch.calls.registrations import Binding
from softswitch.calls.routing import flow_to
from softswitch.sip.address import Address
from softswitch.sip.events import Failed
from softswitch.sip.uri import sip_uri


class Forks:
    """Legs that ring for one callee; leaving the `with` block cancels all but the winner."""

    __slots__ = ("_call", "_legs", "_refusals", "_timer", "_winner", "rang")

    def __init__(self, call: Call, ring_time: float) -> None:
        self._call = call
        self._legs: dict[Leg, Binding] = {}
        self._refusals: dict[int, Failed] = {}
        self._winner: Leg | None = None
        self.rang: Leg | None = None
        "The phone that rang first: it speaks for all of them."
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(ring_time, call.put, None, RingTimeout(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        reason = COMPLETED_ELSEWHERE if self._winner is not None else None
        for leg in self._legs:
            if leg is not self._winner:
                self._release(leg)
                leg.hangup(reason)

    def __contains__(self, leg: object) -> bool:
        return leg in self._legs

    def dial(
        self,
        bindings: Iterable[Binding],
        offer: bytes | None,
        *,
        caller: Party | None = None,
        callee: Party | None = None,
    ) -> None:
        """Send an INVITE to every binding; raises CallEnds (482, 483) when none may be sent.

        `caller` is whom the phones show, `callee` whom they ring for; the call's own by default.
        """
        call, house = self._call, self._call.house
        invite = call.invite
        hops = fewer_hops(invite.max_forwards if invite is not None else None)
        if hops is None:
            raise CallEnds(refused_here(483))
        headers = passed(invite.headers, REQUEST) if invite is not None else []
        shown, rung = caller or call.caller, callee or call.callee
        from_ = Address(sip_uri(shown.number, house.domain), shown.name)
        to = Address(sip_uri(rung.number, house.domain), rung.name)
        for binding in bindings:
            if call.legs >= house.limits.legs_per_call:
                break
            call.legs += 1
            leg = Leg.dial(
                house.stack,
                name=f"{call.id}-{call.legs}",
                target=binding.uri,
                flow=flow_to(binding),
                from_=from_,
                to=to,
                route=binding.path,
                headers=headers,
                sdp=offer,
                max_forwards=hops,
                deliver=call.put,
            )
            house.calls.invited(leg.call_id)
            self._legs[leg] = binding
        if not self._legs:
            raise CallEnds(refused_here(482, "too many legs"))

    def win(self, leg: Leg) -> None:
        """This phone has answered; its extension is the callee, also of a call to a group."""
        self._winner = leg
        self._call.callee.number = self._legs[leg].extension

    def refuse(self, leg: Leg, event: Failed) -> Ending | None:
        """Note a phone's final response; the ending when it was the last, or a 6xx for all."""
        del self._legs[leg]
        self._release(leg)
        self._refusals.setdefault(event.status, event)
        if self._legs and event.status < 600:
            return None
        best = best_of(self._refusals)
        headers: tuple[Header, ...] = tuple(passed(self._refusals[best].headers, FINAL))
        return refused_by_callee(best, rang=self.rang is not None, headers=headers)

    def _release(self, leg: Leg) -> None:
        let_go(leg)
        self._call.house.calls.forget_invite(leg.call_id)
