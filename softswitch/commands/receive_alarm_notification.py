"""Receive alarms by Contact ID, as a receiving centre does.

<ReceiveAlarmNotification><Received>
    <SendMsg ToConnection="admin@localhost">$account: $eventname in zone $zone</SendMsg>
</Received></ReceiveAlarmNotification>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.command import SCRIPT, Block, Command, Needs, children
from softswitch.commands.base.context import Context


@dataclass(frozen=True, kw_only=True)
class ReceiveAlarmNotification(Command):
    """Shake hands with the panel; each report runs `Received` once it is stored and acknowledged.

    `Received` sees $account, $eventqualifier, $eventcode, $eventname, $partition and $zone. When
    no report comes the commands in `Failed` run, where there are any.
    """

    contexts = SCRIPT
    needs = Needs.ANSWERED_CALL

    branches: Block = children()
    "`<Received>` and, as an extension, `<Failed>`."

    @classmethod
    def blocks(cls, inside: Block) -> Iterator[Block]:
        for branch in inside:
            yield tuple(branch.children)

    @classmethod
    def misplaced(cls, inside: Block) -> Iterator[CommandError]:
        for branch in inside:
            if branch.name.lower() not in ("received", "failed"):
                yield cls._misplaced(branch, "Received", "Failed")

    async def run(self, context: Context) -> None:
        for error in self.misplaced(self.branches):
            raise error
        branches = {branch.name.lower(): tuple(branch.children) for branch in self.branches}
        count = 0
        async for alarm in context.alarms():
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
