"""`/v1/extensions` and its neighbours: entries of the settings, listed, shown and changed.

What the settings file says is fixed (409). PUT, PATCH and DELETE need If-Match: without it they are
answered 428 (RFC 6585 section 3), with an outdated ETag 412.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel

from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, Problem, answer, asked, user_of
from softswitch.http.v1.entries.bodies import BadBody, Unconditional, seen_by, table_of
from softswitch.http.v1.entries.collections import COLLECTIONS, Collection
from softswitch.http.v1.entries.entries_json import (
    LARGEST_POSITION,
    EntriesPage,
    EntriesShown,
    show_entry,
    show_mistakes,
)
from softswitch.live.changes import (
    Action,
    EntryChange,
    EntryExists,
    EntryFixed,
    EntryOutdated,
    NoSuchEntry,
)
from softswitch.live.live_settings import LiveSettings
from softswitch.live.snapshot import Entry, Mistakes, Snapshot
from softswitch.settings.mistakes import did_you_mean
from softswitch.store.errors import StoreError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Work = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"Answers a user, who is named."


class EntriesApi:
    """All collections."""

    def __init__(self, live: LiveSettings, users: Users) -> None:
        self._live = live
        self._users = users

    def routes(self) -> Iterator[web.RouteDef]:
        """What the HTTP server serves."""
        for name, collection in COLLECTIONS.items():
            one = f"/v1/{name}/{{name}}"

            def serving(work: Callable[..., Awaitable[web.Response]], of: Collection) -> Handler:
                return self.for_users(partial(work, of))

            yield web.get(f"/v1/{name}", serving(self._list, collection))
            yield web.post(f"/v1/{name}", serving(self._add, collection))
            yield web.get(one, serving(self._show, collection))
            yield web.put(one, serving(self._replace, collection))
            yield web.patch(one, serving(self._change, collection))
            yield web.delete(one, serving(self._remove, collection))

    def for_users(self, work: Work) -> Handler:
        """A handler that lets users in, and answers what refuses them."""

        async def handler(request: web.Request) -> web.StreamResponse:
            user = user_of(request, self._users)
            if isinstance(user, web.Response):
                return user
            return await refusing(partial(work, request, user))

        return handler

    async def _list(self, of: Collection, request: web.Request, _: str) -> web.Response:
        page = asked(request, EntriesPage)
        names = [name for name, found in _all(self._live.now, of)]
        part = islice(names, page.offset, page.offset + page.limit)
        shown = [show_entry(of.kind, name, self._found(of, name)) for name in part]
        return answer(200, EntriesShown(total=len(names), entries=shown))

    async def _show(self, of: Collection, request: web.Request, _: str) -> web.Response:
        name = request.match_info["name"]
        return self.shown(200, of, name, self._found(of, name))

    async def _add(self, of: Collection, request: web.Request, user: str) -> web.Response:
        body = await table_of(request)
        position = _position(of, body)
        body = of.body(body, is_whole=True)
        change = EntryChange(
            action=Action.ADD, kind=of.kind, type=of.type, body=body, position=position
        )
        [added] = await self._live.change([change], user)
        assert added is not None
        return self.shown(201, of, added.name, added)

    async def _replace(self, of: Collection, request: web.Request, user: str) -> web.Response:
        return await self._changed(Action.REPLACE, of, request, user)

    async def _change(self, of: Collection, request: web.Request, user: str) -> web.Response:
        return await self._changed(Action.CHANGE, of, request, user)

    async def _changed(
        self, action: Action, of: Collection, request: web.Request, user: str
    ) -> web.Response:
        name = request.match_info["name"]
        self._found(of, name)
        expected, body = seen_by(request), await table_of(request)
        position = _position(of, body)
        body = of.body(body, is_whole=action is Action.REPLACE)
        change = EntryChange(
            action=action,
            kind=of.kind,
            name=name,
            type=of.type,
            body=body,
            position=position,
            expected=expected,
        )
        [entry] = await self._live.change([change], user)
        assert entry is not None
        return self.shown(200, of, name, entry)

    async def _remove(self, of: Collection, request: web.Request, user: str) -> web.Response:
        name = request.match_info["name"]
        self._found(of, name)
        expected = seen_by(request)
        change = EntryChange(action=Action.REMOVE, kind=of.kind, name=name, expected=expected)
        await self._live.change([change], user)
        return web.Response(status=204)

    def model(self, of: Collection, name: str) -> BaseModel:
        """What an entry of the file or of the store says. Raises NoSuchEntry."""
        found = self._found(of, name)
        return found.model if isinstance(found, Entry) else found

    def _found(self, of: Collection, name: str) -> Entry | BaseModel:
        """The entry of that name. Raises NoSuchEntry."""
        found = self._live.now.find(of.kind, name)
        model = found.model if isinstance(found, Entry) else found
        if found is None or model is None or not of.holds(model):
            names = self._live.now.entries[of.kind.plural]
            near = did_you_mean(name, (*names, *self._live.now.fixed[of.kind.plural]))
            raise NoSuchEntry(f"no {of.type or of.kind.singular} {name[:200]!r}{near}")
        return found

    def shown(
        self, status: int, of: Collection, name: str, found: Entry | BaseModel
    ) -> web.Response:
        """The answer that shows an entry."""
        shown = show_entry(of.kind, name, found)
        headers = {"ETag": shown.etag}
        if status == 201:
            headers["Location"] = f"/v1/{of.name}/{quote(name, safe='')}"
        return answer(status, shown, headers)


def _all(now: Snapshot, of: Collection) -> Iterator[tuple[str, Entry | BaseModel]]:
    """The entries of a collection by name: as they stand, where that matters."""
    fixed = now.fixed[of.kind.plural].items()
    stored = now.entries[of.kind.plural].values()
    ordered = sorted(stored, key=lambda entry: entry.position) if of.kind.is_ordered else stored
    first = [entry for entry in ordered if of.kind.is_ordered and entry.position < 0]
    yield from ((entry.name, entry) for entry in first)
    yield from ((name, model) for name, model in fixed if of.holds(model))
    yield from (
        (entry.name, entry) for entry in islice(ordered, len(first), None) if of.holds(entry.model)
    )


def _position(of: Collection, body: dict[str, object]) -> int | None:
    """Takes the position out of a body, where the order of entries matters."""
    if not of.kind.is_ordered or "position" not in body:
        return None
    position = body.pop("position")
    if (
        not isinstance(position, int)
        or isinstance(position, bool)
        or abs(position) > LARGEST_POSITION
    ):
        raise BadBody("position: expected a whole number, below 0 for before the file's")
    return position


REFUSALS: Mapping[type[Exception], int] = {
    BadQuery: 400,
    BadBody: 400,
    NoSuchEntry: 404,
    EntryFixed: 409,
    EntryExists: 409,
    EntryOutdated: 412,
    Unconditional: 428,
    StoreError: 503,
}
"What is answered for what a change raises."


async def refusing(work: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """What `work` answers, or why it refuses."""
    try:
        return await work()
    except Mistakes as error:
        found = error.found
        return await asyncio.to_thread(lambda: answer(422, show_mistakes(found)))
    except tuple(REFUSALS) as error:
        status = next(code for kind, code in REFUSALS.items() if isinstance(error, kind))
        return answer(status, Problem(error=str(error.args[0])))
