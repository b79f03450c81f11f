"""Calls whose way an application chooses, hop by hop, in place of the dial plan.

RoutingInterception of the API reference (section 8): the application is asked before anything
rings, and again with the reason whenever a hop has failed; without an answer the dial plan decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import Forward
from softswitch.calls.endings.endings import CallEnds, refused_here
from softswitch.calls.endings.outcomes import Outcome, result_word
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.numbers.routing import COMMAND, Unroutable, Way
from softswitch.calls.setup.conversation import end_of
from softswitch.calls.setup.phone_call import PhoneCalls
from softswitch.calls.setup.serving import Callees

MOST_HOPS = 10
"How often an application may choose for one call."

CALLING = "Calling"
"The `LastCallState` before the first hop."


@dataclass(frozen=True, slots=True)
class Hop:
    """Where an application sends a call."""

    destination: str
    "An extension, a number that a route leads out, or the name of a trunk; empty rejects."
    ring_time: float
    caller_id: str | None = None
    "The number that the callee sees; None for the caller's own."
    dialed_number: str | None = None
    "The number to dial through a trunk; None for the one that the caller dialled."


@dataclass(frozen=True, slots=True)
class Question:
    """The call as the application is told of it."""

    caller: str
    original: str
    "The number that the caller dialled."
    last_dialed: str
    last_called: str
    "The destination of the last hop; empty before the first."
    state: str
    "`Calling`, or why the last hop failed: `NoAnswer`, `Busy`, `NotFound`, `Error`."


Ask = Callable[[Question], Awaitable[Hop | None]]
"Asks the application; None lets the dial plan decide. Does not raise."


@dataclass(frozen=True, slots=True)
class _Chosen:
    hop: Hop | None


@dataclass(frozen=True, slots=True)
class Interception:
    """Lets an application choose the way of a call, hop by hop."""

    plan: DialPlan
    phone_calls: PhoneCalls
    callees: Callees

    async def intercept(self, call: Call, ask: Ask) -> None:
        """Send a call where the application says; returns when the dial plan is to decide.

        Raises CallEnds and Forwarded like every service of calls.
        """
        caller = call.caller.number
        question = Question(caller, call.dialled, call.dialled, "", CALLING)
        for _ in range(MOST_HOPS):
            hop = await _choice(call, ask, question)
            if hop is None:
                return
            if not hop.destination:
                raise CallEnds(refused_here(603, "rejected by the application"))
            call.caller.number = hop.caller_id or caller
            try:
                await self._follow(call, hop)
            except CallEnds as end:
                ending = end.ending
                if call.is_answered or ending.outcome in (Outcome.ANSWERED, Outcome.CANCELLED):
                    raise
                last_dialed = hop.dialed_number or question.last_dialed
                state = result_word(ending.outcome)
                question = Question(caller, call.dialled, last_dialed, hop.destination, state)
        raise CallEnds(ending)

    async def _follow(self, call: Call, hop: Hop) -> None:
        """Ring one hop; ends like every service by raising CallEnds or Forwarded."""
        plan = self.plan
        if any(trunk.name == hop.destination for trunk in plan.trunks):
            number = hop.dialed_number or call.dialled
            classes = plan.routing.classes_of(number, number)
            await self._ring_outside(
                call, number, (Way(hop.destination, number, "", classes),), hop
            )
            return
        number = hop.destination.partition("@")[0]
        try:
            destination = plan.routing.destination(number, COMMAND)
        except Unroutable as error:
            raise CallEnds(refused_here(error.status, str(error))) from error
        call.callee.trunk = ""
        if not isinstance(destination, Extension):
            await self._ring_outside(call, number, destination, hop)
        else:
            await self.callees.serve(call, number, destination, ring_time=hop.ring_time)

    async def _ring_outside(self, call: Call, number: str, ways: tuple[Way, ...], hop: Hop) -> None:
        """Ring a number outside; the application decides, and who calls pays."""
        call.callee.number, call.callee.name = number, ""
        ways = tuple(way._replace(payer=call.caller.extension) for way in ways)
        rounds = self.plan.ways_out(ways, call.caller.shown)
        await self.phone_calls.ring(call, replace(rounds, ring_time=hop.ring_time))


async def _choice(call: Call, ask: Ask, question: Question) -> Hop | None:
    """The application's answer, unless the call ends meanwhile."""

    async def find_out() -> None:
        call.put(None, _Chosen(await ask(question)))

    asking: asyncio.Task[None] = call.spawn(find_out())
    try:
        while True:
            leg, event = await call.next_event()
            if isinstance(event, _Chosen):
                return event.hop
            if isinstance(event, Forward):
                raise Forwarded(event.number)
            if (ending := end_of(call, leg, event)) is not None:
                raise CallEnds(ending)
    finally:
        asking.cancel()
