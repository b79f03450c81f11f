"""The audit log as `/v1/audit` shows it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.lists import ListFilter, read_time
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.store.exchange.audit import AuditRow
from softswitch.store.lists.audit import AuditFilter


class AuditAsked(ListFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows are listed; texts compare whole but for `target`."""

    user: Annotated[str, Meta(description="Who asked.")] = ""
    login: Annotated[
        str, Meta(description="password, session, terminal, signal, or token with its name.")
    ] = ""
    source: Annotated[str, Meta(description="The address that asked.")] = ""
    operation: Annotated[str, Meta(description="Such as addPhone, or a command of /api.")] = ""
    target: Annotated[str, Meta(description="What the target begins with.")] = ""
    result: Annotated[str, Meta(description="ok, or the status or code that refused.")] = ""

    @property
    def filter(self) -> AuditFilter:
        """The same for the store. Raises BadQuery."""
        return AuditFilter(
            username=self.user or None,
            login=self.login or None,
            source=self.source or None,
            operation=self.operation or None,
            target=self.target or None,
            result=self.result or None,
            since=read_time("since", self.since),
            until=read_time("until", self.until),
        )


class AuditRowShown(msgspec.Struct, frozen=True, kw_only=True):
    """A request that asked to change something."""

    id: int
    at: Moment
    user: Annotated[str, Meta(description="Who asked; empty for a signal to the process.")]
    login: Annotated[
        str, Meta(description="password, session, terminal, signal, or token with its name.")
    ]
    source: Annotated[str, Meta(description="The address that asked.")]
    operation: Annotated[str, Meta(description="Of /v1, or the command of /api.")]
    target: Annotated[
        str, Meta(description="The path below /v1, or what a command is for: a call, a number.")
    ]
    result: Annotated[str, Meta(description="ok, or the status or code that refused.")]
    detail: Annotated[
        str, Meta(description="The names of the fields that were given, not what they hold.")
    ]


class AuditShown(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the audit log."""

    total: Annotated[int, Meta(description="All that the filter lets through.")]
    offset: int
    limit: int
    audit: list[AuditRowShown]


def show_audit_row(row: AuditRow) -> AuditRowShown:
    """What is shown of a row."""
    return AuditRowShown(
        id=row.id,
        at=moment(row.at),
        user=row.username,
        login=row.login,
        source=row.source,
        operation=row.operation,
        target=row.target,
        result=row.result,
        detail=row.detail,
    )


AUDIT_OPERATIONS = (
    Operation(
        path="/audit",
        id="listAudit",
        right=Right.ADMINISTER,
        summary="What was changed, by whom and from where.",
        query=AuditAsked,
        answers={
            200: ("The part of the list.", AuditShown),
            400: ("A parameter is wrong.", Problem),
            503: ("The database is away.", Problem),
        },
    ),
)
"What `audit_api.py` serves."
