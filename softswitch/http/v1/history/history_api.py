"""`/v1/history`: records of calls, the chain of each, and all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from msgspec.structs import replace

from softswitch.commands.running.own_calls import record_concerns
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.history.csv_rows import rows
from softswitch.http.v1.history.history_json import (
    HISTORY_OPERATIONS,
    MOST_RECORDS,
    HistoryFilter,
    HistoryShown,
    show_chain,
    show_record,
)
from softswitch.http.v1.serving import Work, served
from softswitch.store.call_history import CallFilter, CallPage, CallRecord, PageWanted


class HistoryStore(Protocol):
    """The store as the history is read from it."""

    async def list_calls(
        self, wanted: CallFilter | None = None, page: PageWanted | None = None
    ) -> CallPage:
        """A page of the records. Raises StoreError."""

    async def chain_of(self, call_id: str) -> Sequence[CallRecord]:
        """The calls of the chain of a call; none when it is not known. Raises StoreError."""


class HistoryApi:
    """Shows records of calls."""

    def __init__(self, store: HistoryStore, users: Users) -> None:
        self._store = store
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "listHistory": self.list,
            "exportHistory": self.table,
            "showChain": self.chain,
        }
        return served(HISTORY_OPERATIONS, self._users, works)

    async def list(self, request: web.Request, user: User) -> web.Response:
        """A page of the records."""
        wanted = asked(request, HistoryFilter)
        found = await self._store.list_calls(wanted.of(user), wanted.page)
        calls = [show_record(record) for record in found.calls]
        return answer(200, HistoryShown(total=found.total, calls=calls))

    async def chain(self, request: web.Request, user: User) -> web.Response:
        """The calls that belong together with one."""
        call_id = request.match_info["call_id"]
        records = [
            record
            for record in await self._store.chain_of(call_id)
            if record_concerns(record, user)
        ]
        if not records:
            raise NotServed(404, f"the history has no call '{call_id[:64]}'")
        return answer(200, show_chain(records))

    async def table(self, request: web.Request, user: User) -> web.StreamResponse:
        """All records that the filter lets through, as CSV, however many they are."""
        wanted = replace(asked(request, HistoryFilter), limit=MOST_RECORDS)
        found = await self._store.list_calls(wanted.of(user), wanted.page)
        out = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8; header=present",
                "Content-Disposition": 'attachment; filename="history.csv"',
            }
        )
        await out.prepare(request)
        await out.write(rows(map(show_record, found.calls), with_header=True))
        while len(found.calls) == MOST_RECORDS:
            # A StoreError here breaks the connection off: half a table must not pass for a whole.
            wanted = replace(wanted, after=found.calls[-1].call_id)
            found = await self._store.list_calls(wanted.of(user), wanted.page)
            await out.write(rows(map(show_record, found.calls), with_header=False))
        await out.write_eof()
        return out
