"""`/v1/history`: records of calls, the chain of each, and all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from msgspec.structs import replace

from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, Problem, answer, asked, refusal
from softswitch.http.v1.history.csv_rows import rows
from softswitch.http.v1.history.history_json import (
    MOST_RECORDS,
    HistoryFilter,
    HistoryShown,
    show_chain,
    show_record,
)
from softswitch.store.call_history import CallFilter, CallPage, CallRecord, PageWanted
from softswitch.store.errors import StoreError


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
        return [
            web.get("/v1/history", self.list),
            web.get("/v1/history.csv", self.table),
            web.get("/v1/history/{call_id}", self.chain),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """A page of the records."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            wanted = asked(request, HistoryFilter)
            found = await self._store.list_calls(wanted.wanted, wanted.page)
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
        except StoreError as error:
            return answer(503, Problem(error=str(error)))
        calls = [show_record(record) for record in found.calls]
        return answer(200, HistoryShown(total=found.total, calls=calls))

    async def chain(self, request: web.Request) -> web.Response:
        """The calls that belong together with one."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        call_id = request.match_info["call_id"]
        try:
            records = await self._store.chain_of(call_id)
        except StoreError as error:
            return answer(503, Problem(error=str(error)))
        if not records:
            return answer(404, Problem(error=f"the history has no call '{call_id[:64]}'"))
        return answer(200, show_chain(records))

    async def table(self, request: web.Request) -> web.StreamResponse:
        """All records that the filter lets through, as CSV, however many they are."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            wanted = replace(asked(request, HistoryFilter), limit=MOST_RECORDS)
            found = await self._store.list_calls(wanted.wanted, wanted.page)
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
        except StoreError as error:
            return answer(503, Problem(error=str(error)))
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
            found = await self._store.list_calls(wanted.wanted, wanted.page)
            await out.write(rows(map(show_record, found.calls), with_header=False))
        await out.write_eof()
        return out
