"""Receive alarms by Contact ID, as a receiving centre does.

<ReceiveAlarmNotification><Received>
    <SendMsg ToConnection="admin@localhost">$account: $eventname in zone $zone</SendMsg>
</Received></ReceiveAlarmNotification>
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block, Part
from softswitch.commands.base.parameters import children
from softswitch.commands.base.placement import SCRIPT, Needs
from softswitch.commands.orders.receive_alarms import Alarm, AlarmReports, ReceiveAlarmsOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class ReceiveAlarmNotification(Command):
    """Shake hands with the panel; each report runs `Received` once it is stored and acknowledged.

    The kissoff has left before the first command of `Received` runs, so `GoTo`, `Hangup` and `Exit`
    may stand there. A report that is stored when the panel hangs up runs `Received`, too.

    `Received` sees $account, $eventqualifier, $eventcode, $eventname, $partition and $zone. When
    no report comes the commands in `Failed` run, where there are any.
    """

    contexts = SCRIPT
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True
    parts = (Part("Received"), Part("Failed"))

    branches: Block = children()
    "`<Received>` and, as an extension, `<Failed>`."

    async def run(self, context: Context) -> None:
        branches = {branch.name.lower(): tuple(branch.children) for branch in self.branches}
        received = branches.get("received", ())
        count = 0
        reports = await context.call().perform(ReceiveAlarmsOrder())
        try:
            while (alarm := await reports.next()) is not None:
                count += 1
                await _tell(context, alarm, received)
        except asyncio.CancelledError:  # the call has ended
            _leave(context, reports, received)
            raise
        except Exception:  # `Received` ends the script, or moves it elsewhere
            await reports.acknowledged()
            _leave(context, reports, received)
            raise
        reports.end()
        if not count:
            await context.run(branches.get("failed", ()))


def _leave(context: Context, reports: AlarmReports, received: Block) -> None:
    """Talk to the panel no more; what is stored is told all the same."""
    if left := reports.left():
        context.afterwards(_tell_all(context, left, received))
    reports.end()


async def _tell_all(context: Context, alarms: Sequence[Alarm], received: Block) -> None:
    for alarm in alarms:
        await _tell(context, alarm, received)


async def _tell(context: Context, alarm: Alarm, received: Block) -> None:
    """Run the commands for a report."""
    for name, value in (
        ("account", alarm.account),
        ("eventqualifier", alarm.qualifier),
        ("eventcode", alarm.code),
        ("eventname", alarm.name),
        ("partition", alarm.partition),
        ("zone", alarm.zone),
    ):
        context.variables.set(name, value)
    await context.run(received)
