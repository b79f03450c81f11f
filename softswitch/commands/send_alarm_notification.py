"""Report an alarm to a receiving centre by Contact ID.

<SendAlarmNotification PhoneNumber="1000" AccountNumber="1234" EventCode="110"
    PartitionNumber="1" ZoneNumber="10"/>
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.switch_context import AlarmOrder
from softswitch.commands.base.values import Number, ParameterKind, Url, matching, whole
from softswitch.guard.rights import Right

Account = Annotated[
    str,
    ParameterKind(
        "account",
        matching(re.compile(r"[0-9B-Fb-f]{1,4}", re.ASCII)),
        "an account of up to 4 digits out of 0-9 and B-F",
    ),
]


class AlarmQualifier(StrEnum):
    """What the report says of the event."""

    NEW_EVENT = "NewEvent"
    NEW_RESTORE = "NewRestore"
    STATUS_REPORT = "StatusReport"


@dataclass(frozen=True, kw_only=True)
class SendAlarmNotification(Command):
    """Call a receiver, wait for its handshake and send one report.

    Answers as soon as the call is under way, with its CallId; ResultUrl tells how it ended.
    """

    contexts = HTTP | SCRIPT
    right = Right.OPERATE_OWN

    phone_number: Number = parameter(example="1000")
    "The receiver to call."
    api_extension: Number | None = parameter(default=None, example="9994")
    "The extension that calls; in a script its own."
    account_number: Account = parameter(example="1234")
    "The account of the protected premises."
    event_qualifier: AlarmQualifier = parameter(
        default=AlarmQualifier.NEW_EVENT, example="NewEvent"
    )
    "NewEvent, NewRestore or StatusReport."
    event_code: Annotated[int, whole(0, 999)] = parameter(example="110")
    "The event, three digits."
    partition_number: Annotated[int, whole(0, 99)] = parameter(example="1")
    "The partition; 0 is none."
    zone_number: Annotated[int, whole(0, 999)] = parameter(example="10")
    "The zone or user; 0 is none."
    result_url: Url | None = parameter(default=None, example="http://app.example/result")
    "Requested when sending succeeded or failed."

    async def run(self, context: Context) -> Reply:
        order = AlarmOrder(
            phone_number=self.phone_number,
            account=self.account_number.upper().rjust(4, "0"),
            qualifier=self.event_qualifier,
            code=f"{self.event_code:03d}",
            partition=f"{self.partition_number:02d}",
            zone=f"{self.zone_number:03d}",
            api_extension=self.api_extension or context.extension,
            result_url=self.result_url,
        )
        return Reply({"CallId": await context.switch.send_alarm(order)})
