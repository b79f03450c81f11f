"""Hands a call to its destination: phones ring, a trunk is called, or a service answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.numbers.routing import Destination
from softswitch.calls.setup.phone_call import PhoneCalls

Service = Callable[[Call, Extension], Awaitable[None]]
"Plays the callee of a call to an extension of some kind; ends by raising CallEnds or Forwarded."


@dataclass(frozen=True, slots=True)
class Callees:
    """The destinations of numbers: phones, trunks, and services that act as the callee."""

    phone_calls: PhoneCalls
    services: Mapping[ExtensionKind, Service]
    "The service that acts as the callee, for each kind of extension that rings no phones."

    async def serve(self, call: Call, number: str, destination: Destination) -> None:
        """Hand the call to its destination; ends by raising CallEnds or Forwarded."""
        plan = self.phone_calls.ringer.plan
        call.callee.trunk = ""
        if not isinstance(destination, Extension):
            call.callee.number, call.callee.name = number, ""
            await self.phone_calls.ring(call, plan.ways_out(destination, call.caller.shown))
            return
        call.callee.number, call.callee.name = destination.number, destination.name
        ring_plan = destination.ring_plan
        if ring_plan is not None:
            await self.phone_calls.ring_phones(call, ring_plan)
        else:
            await self.services[destination.kind](call, destination)
