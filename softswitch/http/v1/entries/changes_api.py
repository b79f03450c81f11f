"""`/v1/changes`: many changes of settings at once, all or none; `/v1/reload`: the file again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from softswitch.http.v1.asking import answer
from softswitch.http.v1.entries.bodies import BadBody, body_of
from softswitch.http.v1.entries.collections import COLLECTIONS
from softswitch.http.v1.entries.entries_api import EntriesApi
from softswitch.http.v1.entries.entries_json import (
    ChangeAsked,
    ChangesAsked,
    ChangesMade,
    show_report,
)
from softswitch.live.changes import Action, EntryChange
from softswitch.live.live_settings import LiveSettings
from softswitch.live.reports import ReloadReport

Reload = Callable[[], Awaitable[ReloadReport]]
"Reads the settings file and the certificates again. Raises Mistakes."


class ChangesApi:
    """Takes many changes, and reloads."""

    def __init__(self, live: LiveSettings, reload: Reload, entries: EntriesApi) -> None:
        self._live = live
        self._reload = reload
        self._entries = entries

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [
            web.post("/v1/changes", self._entries.for_users(self._change)),
            web.post("/v1/reload", self._entries.for_users(self._read_again)),
        ]

    async def _change(self, request: web.Request, user: str) -> web.Response:
        wanted = await body_of(request, ChangesAsked)
        changes = await asyncio.to_thread(
            lambda: [_change_of(index, each) for index, each in enumerate(wanted.changes)]
        )
        await self._live.change(changes, user)
        return answer(200, ChangesMade(changed=len(changes)))

    async def _read_again(self, request: web.Request, user: str) -> web.Response:
        return answer(200, show_report(await self._reload()))


def _change_of(index: int, wanted: ChangeAsked) -> EntryChange:
    of = COLLECTIONS.get(wanted.collection)
    if of is None:
        raise BadBody(
            f"changes[{index}].collection: expected one of {', '.join(COLLECTIONS)}, "
            f"not {wanted.collection[:40]!r}"
        )
    typed = {"type": of.type} if of.type and wanted.action is not Action.CHANGE else {}
    return EntryChange(
        action=wanted.action,
        kind=of.kind,
        name=wanted.name,
        body={**typed, **wanted.entry},
        position=wanted.position,
        expected=None if wanted.if_match is None else frozenset({wanted.if_match}),
    )
