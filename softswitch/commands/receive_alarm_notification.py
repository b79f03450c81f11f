"""Receive alarms by Contact ID, as a receiving centre does.

<ReceiveAlarmNotification><Received>
    <SendMsg ToConnection="admin@localhost">$account: $eventname in zone $zone</SendMsg>
</Received></ReceiveAlarmNotification>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block, Part
from softswitch.commands.base.parameters import children
from softswitch.commands.base.placement import SCRIPT, Needs
from softswitch.commands.orders.receive_alarms import ReceiveAlarmsOrder


@dataclass(frozen=True, kw_only=True)
class ReceiveAlarmNotification(Command):
    """Shake hands with the panel; each report runs `Received` once it is stored and acknowledged.

    `Received` sees $account, $eventqualifier, $eventcode, $eventname, $partition and $zone. When
    no report comes the commands in `Failed` run, where there are any.
    """

    contexts = SCRIPT
    needs = Needs.ANSWERED_CALL
    lasts = True
    parts = (Part("Received"), Part("Failed"))

    branches: Block = children()
    "`<Received>` and, as an extension, `<Failed>`."

    async def run(self, context: Context) -> None:
        branches = {branch.name.lower(): tuple(branch.children) for branch in self.branches}
        count = 0
        async for alarm in await context.call().perform(ReceiveAlarmsOrder()):
            count += 1
            for name, value in (
                ("account", alarm.account),
                ("eventqualifier", alarm.qualifier),
                ("eventcode", alarm.code),
                ("eventname", alarm.name),
                ("partition", alarm.partition),
                ("zone", alarm.zone),
            ):
                context.variables.set(name, value)
            await context.run(branches.get("received", ()))
        if not count:
            await context.run(branches.get("failed", ()))
