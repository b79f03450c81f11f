"""Say where an incoming call goes.

<Route Destination="carrier" DialedNumber="234567" RingTime="30"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context, RouteOrder
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import ROUTING
from softswitch.commands.base.values import Number, Seconds
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class RouteCommand(Command):
    """Answer RoutingInterception: the destination of the call and how long it rings."""

    contexts = ROUTING
    right = Right.OPERATE

    destination: str = parameter(keep_empty=True, text=True, example="100")
    "An extension, or the name of a trunk; empty: the caller is rejected."
    ring_time: Seconds = parameter(default=90.0, example="30")
    "How long to ring, in seconds."
    caller_id: str | None = parameter(default=None, example="1000")
    "The caller that the callee sees; the original caller by default."
    dialed_number: Number | None = parameter(default=None, example="1001")
    "The number to dial through a trunk; the original one by default."

    async def run(self, context: Context) -> None:
        context.route(
            RouteOrder(self.destination, self.ring_time, self.caller_id, self.dialed_number)
        )
