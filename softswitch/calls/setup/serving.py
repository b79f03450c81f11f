"""Hands a call to its destination: phones ring, a trunk is called, or a service answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import CallEnds, NotReached
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.numbers.routing import Destination
from softswitch.calls.setup.phone_call import PhoneCalls, may_go_on

Service = Callable[[Call, Extension], Awaitable[None]]
"Plays the callee of a call to an extension of some kind; ends by raising CallEnds or Forwarded."


@dataclass(frozen=True, slots=True)
class Callees:
    """The destinations of numbers: phones, trunks, and services that act as the callee."""

    phone_calls: PhoneCalls
    services: Mapping[ExtensionKind, Service]
    "The service that acts as the callee, for each kind of extension that rings no phones."

    async def serve(
        self,
        call: Call,
        number: str,
        destination: Destination,
        *,
        ring_time: float | None = None,
    ) -> None:
        """Hand the call to its destination; ends by raising CallEnds or Forwarded.

        Phones ring for `ring_time` seconds where an application has sent the call, which then says
        who takes it instead of a group.
        """
        plan = self.phone_calls.ringer.plan
        call.callee.trunk = ""
        if not isinstance(destination, Extension):
            call.callee.number, call.callee.name = number, ""
            await self.phone_calls.ring(call, plan.ways_out(destination, call.caller.shown))
            return
        call.callee.number, call.callee.name = destination.number, destination.name
        service = self.services.get(destination.kind)
        if service is None:
            await self._ring(call, destination, ring_time)
        else:
            await service(call, destination)

    async def _ring(self, call: Call, extension: Extension, ring_time: float | None) -> None:
        """Ring the phones of an extension, as it wants; ends by raising CallEnds or Forwarded."""
        wishes = self.phone_calls.ringer.wishes
        try:
            ring_plan = wishes.before(call, extension, call.caller, ring_time)
            assert ring_plan is not None
            if ring_time is not None:
                ring_plan = replace(ring_plan, overflow="")
            await self.phone_calls.ring_phones(call, ring_plan)
        except NotReached as error:
            forwarded = wishes.after(call, extension, error.ending)
            raise forwarded or CallEnds(error.ending) from error
        except CallEnds as end:
            if not may_go_on(call, end.ending):
                raise
            forwarded = wishes.after(call, extension, end.ending)
            if forwarded is None:
                raise
            raise forwarded from end
