"""`/v1/audit`: admins see what was changed, by whom and from where."""

from __future__ import annotations

from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.access.audit import Audit
from softswitch.http.users import Users
from softswitch.http.v1.access.audit_json import (
    AUDIT_OPERATIONS,
    AuditAsked,
    AuditShown,
    show_audit_row,
)
from softswitch.http.v1.asking import answer, asked
from softswitch.http.v1.serving import served
from softswitch.store.lists.audit import list_audit
from softswitch.store.store import Store


class AuditApi:
    """Shows the audit log."""

    def __init__(self, audit: Audit, store: Store, users: Users) -> None:
        self._audit = audit
        self._store = store
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return served(AUDIT_OPERATIONS, self._users, {"listAudit": self.list})

    async def list(self, request: web.Request, _user: User) -> web.Response:
        """The rows that fit the query, with all that was answered before it."""
        wanted = asked(request, AuditAsked)
        chosen = wanted.filter
        await self._audit.settle()
        found = await list_audit(self._store.reader, chosen, wanted.part)
        listed = AuditShown(
            total=found.total,
            offset=wanted.offset,
            limit=wanted.limit,
            audit=[show_audit_row(row) for row in found.rows],
        )
        return answer(200, listed)
