"""Connect two telephone numbers.

<CallSetup Caller="102" Callee="101"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.values import Number, Url
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class CallSetupCommand(Command):
    """Ring the caller and, when the caller has answered, the callee; then they talk.

    Answers as soon as the call is under way, with its CallId.
    """

    contexts = HTTP | SCRIPT
    right = Right.OPERATE_OWN

    caller: Number = parameter(example="102")
    "The number that rings first; it is shown to the callee, and may be a script, too."
    callee: Number = parameter(example="101")
    "The number of the called party; it may be a script or a conference, too."
    error_url: Url | None = parameter(default=None, example="http://app.example/error")
    "Requested when an error occurs."

    async def run(self, context: Context) -> Reply:
        return Reply(
            {"CallId": await context.switch.connect(self.caller, self.callee, self.error_url)}
        )
