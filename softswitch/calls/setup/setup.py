"""The sequence of a call, from the INVITE to the conversation; the place to start reading.

A code that one of our extensions has dialled is served as such (`calls/codes/`). Else
`follow_number` finds what is behind the dialled number, and `Callees.serve` hands the call to it;
`PhoneCalls.ring` is what happens to most of them. Whatever ends the call raises `CallEnds`;
`call_task.py` then clears everything up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import CallEnds, refused_here
from softswitch.calls.numbers.forwarding import MOST_FORWARDS, Forwarded
from softswitch.calls.numbers.routing import COMMAND, INSIDE, Rights, Routing, Unroutable
from softswitch.calls.setup.announcing import Announcements
from softswitch.calls.setup.phone_call import may_go_on
from softswitch.calls.setup.ringing import tell_forward
from softswitch.calls.setup.serving import Callees

Intercept = Callable[[Call], Awaitable[None]]
"""Sends a call where an application says, before the dial plan is asked; returns when the dial plan
is to decide, and else ends by raising CallEnds or Forwarded."""

ServeDialled = Callable[[Call], Awaitable[None]]
"Serves a call to a code; ends by raising CallEnds."

FindCode = Callable[[str], ServeDialled | None]
"What serves a code that was dialled; None for what is no code."


def no_codes(_dialled: str) -> None:
    """Where nothing can be done by dialling."""


@dataclass(frozen=True, slots=True)
class CallSetup:
    """Follows the number that a caller has dialled."""

    routing: Routing
    callees: Callees
    intercept: Intercept | None = None
    find_code: FindCode = no_codes
    announcements: Announcements | None = None

    async def follow_number(self, call: Call) -> None:
        """Hand the call to the destination of the dialled number, and of those it is forwarded to.

        A caller that nobody has answered may hear why. Ends by raising CallEnds.
        """
        try:
            await self._follow_number(call)
        except CallEnds as end:
            if self.announcements is not None:
                await self.announcements.play(call, end.ending)
            raise

    async def _follow_number(self, call: Call) -> None:
        """As `follow_number`, without announcements."""
        visited: list[str] = []
        number, rights = self._first_number(call), rights_of(call)
        if not self.routing.is_emergency(number, rights):
            try:
                await self._go_elsewhere(call, number)
            except Forwarded as forwarded:
                number, rights = forwarded.number, forwarded.rights
        waiting: list[str] = []
        while True:
            try:
                await self._serve(call, number, rights, visited)
            except Forwarded as forwarded:
                tell_forward(call, call.callee.number, forwarded)
                call.callee.divert(
                    call.terms.domain, forwarded.status, forwarded.headers, forwarded.reason
                )
                if forwarded.reason and call.caller.leg is not None:
                    call.caller.leg.progress(181)
                number, rights = forwarded.number, forwarded.rights
                # A command decides alone; a redirect within a redirect comes before what is left.
                waiting = [] if rights is COMMAND else [*forwarded.others, *waiting]
            except CallEnds as end:
                # A 6xx of the callee is meant for all numbers (RFC 3261 section 8.1.3.4).
                if not waiting or end.ending.is_for_all or not may_go_on(call, end.ending):
                    raise
                call.callee.divert(call.terms.domain, end.ending.status)
                number, rights = waiting.pop(0), INSIDE

    async def _go_elsewhere(self, call: Call, number: str) -> None:
        """Serve a code, or ask an application; returns when the dial plan is to decide.

        Else ends by raising CallEnds or Forwarded.
        """
        if call.caller.extension and (serve_code := self.find_code(number)) is not None:
            await serve_code(call)
        if self.intercept is not None and call.invite is not None and not call.is_inside:
            await self.intercept(call)

    async def _serve(self, call: Call, number: str, rights: Rights, visited: list[str]) -> None:
        """Hand the call to what is behind one number; ends by raising CallEnds or Forwarded."""
        if number in visited or len(visited) > MOST_FORWARDS:
            raise CallEnds(refused_here(482, "forwarded in a circle"))
        visited.append(number)
        try:
            found = self.routing.route(number, rights)
        except Unroutable as error:
            call.tell("wrong number", number=number, reason=str(error))
            raise CallEnds(refused_here(error.status, error.told)) from error
        if found.caller:
            call.caller.number = found.caller
        await self.callees.serve(call, number, found.destination)

    def _first_number(self, call: Call) -> str:
        """What the caller dialled; raises CallEnds when it is nothing of ours."""
        if call.invite is None or call.caller.trunk:
            return call.dialled
        flow = call.caller.leg.flow if call.caller.leg is not None else None
        try:
            return self.routing.dialled(call.invite.uri, flow)
        except Unroutable as error:
            call.tell("wrong number", number=call.dialled, reason=str(error))
            raise CallEnds(refused_here(error.status)) from error


def rights_of(call: Call) -> Rights:
    """Which routes the caller may use."""
    if call.invite is None:
        return COMMAND
    caller = call.caller
    if caller.trunk:
        return INSIDE._replace(trunk=caller.trunk, caller=caller.number)
    return Rights(caller.extension or caller.number, caller=caller.number)
