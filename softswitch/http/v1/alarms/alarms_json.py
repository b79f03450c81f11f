"""Alarm reports as `/v1/alarms` shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.lists import ListFilter, read_time
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.store.alarms import AlarmRecord
from softswitch.store.lists.alarms import AlarmFilter

LONGEST_NOTE = 2000
"Characters of a note."


class AlarmsAsked(ListFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which reports are listed; texts compare whole."""

    account: Annotated[str, Meta(description="The account of the premises.")] = ""
    code: Annotated[str, Meta(description="The event, three digits.")] = ""
    qualifier: Annotated[str, Meta(description="NewEvent, NewRestore or StatusReport.")] = ""
    caller: Annotated[str, Meta(description="The number that called.")] = ""
    call_id: Annotated[str, Meta(description="The call in which they came.")] = ""
    acknowledged: (
        Annotated[
            Literal["true", "false"], Meta(description="false: those that wait for somebody.")
        ]
        | None
    ) = None

    @property
    def filter(self) -> AlarmFilter:
        """The same for the store. Raises BadQuery."""
        return AlarmFilter(
            account=self.account or None,
            code=self.code or None,
            qualifier=self.qualifier or None,
            caller=self.caller or None,
            call_id=self.call_id or None,
            acknowledged=None if self.acknowledged is None else self.acknowledged == "true",
            since=read_time("since", self.since),
            until=read_time("until", self.until),
        )


class AlarmSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Who has seen to a report."""

    at: Moment
    by: Annotated[str, Meta(description="The user.")]
    note: str


class AlarmShown(msgspec.Struct, frozen=True, kw_only=True):
    """A report by Contact ID."""

    id: str
    received_at: Annotated[Moment, Meta(description="It was on disk before the panel was told.")]
    call_id: Annotated[str, Meta(description="The call in which it came.")]
    caller: str
    account: str
    qualifier: Annotated[str, Meta(description="NewEvent, NewRestore or StatusReport.")]
    code: Annotated[str, Meta(description="The event, three digits.")]
    name: Annotated[str, Meta(description="What the code means.")]
    partition: str
    zone: str
    digits: Annotated[str, Meta(description="The 16 digits as they came.")]
    acknowledged: Annotated[AlarmSeen | None, Meta(description="Null while it waits for somebody.")]


class AlarmsListed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of reports."""

    total: Annotated[int, Meta(description="Reports that the filter lets through.")]
    offset: int
    limit: int
    alarms: list[AlarmShown]


class AcknowledgementGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is noted with an acknowledgement."""

    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""


def show_alarm(alarm: AlarmRecord) -> AlarmShown:
    """A report as JSON."""
    seen = alarm.acknowledged_at
    return AlarmShown(
        id=alarm.id,
        received_at=moment(alarm.received_at),
        call_id=alarm.call_id,
        caller=alarm.caller,
        account=alarm.account,
        qualifier=alarm.qualifier,
        code=alarm.code,
        name=alarm.name,
        partition=alarm.partition,
        zone=alarm.zone,
        digits=alarm.digits,
        acknowledged=None
        if seen is None
        else AlarmSeen(at=moment(seen), by=alarm.acknowledged_by, note=alarm.note),
    )


_AWAY = ("The database is away.", Problem)
_NONE = ("There is no report with that id.", Problem)

ALARM_OPERATIONS = (
    Operation(
        path="/alarms",
        id="listAlarms",
        right=Right.SEE,
        summary="A page of the alarm reports that were received.",
        query=AlarmsAsked,
        answers={
            200: ("The page.", AlarmsListed),
            400: ("A parameter is wrong.", Problem),
            503: _AWAY,
        },
    ),
    Operation(
        path="/alarms/{alarm_id}",
        id="showAlarm",
        right=Right.SEE,
        summary="One alarm report.",
        answers={200: ("The report.", AlarmShown), 404: _NONE, 503: _AWAY},
    ),
    Operation(
        path="/alarms/{alarm_id}/acknowledge",
        method="post",
        id="acknowledgeAlarm",
        right=Right.OPERATE,
        summary="Note that the user has seen to a report; it is on disk when the answer comes.",
        body=AcknowledgementGiven,
        may_be_empty=True,
        answers={
            200: ("The report.", AlarmShown),
            400: ("The body cannot be read.", Problem),
            404: _NONE,
            409: ("Somebody has acknowledged it before; that stays.", Problem),
            503: _AWAY,
        },
    ),
)
"What `alarms_api.py` serves."
