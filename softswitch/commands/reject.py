"""Refuse a ringing call.

<Reject Reason="busy"/>
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import SCRIPT, Needs
from softswitch.commands.base.script_flow import ScriptEnds
from softswitch.commands.orders.answer import RejectOrder
from softswitch.guard.rights import Right


class Reason(StrEnum):
    """Why a call is refused."""

    BUSY = "busy"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"


STATUS: dict[Reason, int] = {Reason.BUSY: 486, Reason.DECLINED: 603, Reason.UNAVAILABLE: 480}
"The SIP status of each reason (RFC 3261 section 21)."


@dataclass(frozen=True, kw_only=True)
class Reject(Command):
    """Refuse the call without answering it; only as the first command, and the last that runs."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN
    needs = Needs.RINGING_CALL
    first_only = True

    reason: Reason = parameter(default=Reason.DECLINED, example="busy")
    "busy (486), declined (603) or unavailable (480)."

    async def run(self, context: Context) -> None:
        await context.call().perform(RejectOrder(STATUS[self.reason]))
        raise ScriptEnds(self.name())
