"""`/v1/extensions` and its neighbours: entries of the settings, listed, shown and changed.

What the settings file says is fixed (409). PUT, PATCH and DELETE need If-Match: without it they are
answered 428 (RFC 6585 section 3), with an outdated ETag 412.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, asked
from softswitch.http.v1.bodies import BadBody, seen_by, table_of
from softswitch.http.v1.entries.collections import COLLECTIONS, Collection
from softswitch.http.v1.entries.description import COLLECTION_OPERATIONS, operation_id
from softswitch.http.v1.entries.entries_json import (
    LARGEST_POSITION,
    EntriesPage,
    EntriesShown,
    show_entry,
)
from softswitch.http.v1.serving import Work, served
from softswitch.live.changes import Action, EntryChange, NoSuchEntry
from softswitch.live.live_settings import LiveSettings
from softswitch.live.snapshot import Entry
from softswitch.settings.dialplan.patterns import is_between
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.mistakes import did_you_mean

OfCollection = Callable[[Collection, web.Request, User], Awaitable[web.Response]]


class EntriesApi:
    """All collections."""

    def __init__(self, live: LiveSettings, users: Users) -> None:
        self._live = live
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, OfCollection] = {
            "list": self._list,
            "add": self._add,
            "show": self._show,
            "replace": self._replace,
            "change": self._change,
            "remove": self._remove,
        }
        return [
            route
            for of in COLLECTIONS.values()
            for route in served(COLLECTION_OPERATIONS[of.name], self._users, _works(works, of))
        ]

    async def _list(self, of: Collection, request: web.Request, user: User) -> web.Response:
        page = asked(request, EntriesPage)
        entries = [
            (name, found)
            for name, found in self._live.now.in_order(of.kind)
            if of.holds(_model(found)) and _concerns(found, user)
        ]
        part = entries[page.offset : page.offset + page.limit]
        shown = [show_entry(of.kind, name, found) for name, found in part]
        return answer(200, EntriesShown(total=len(entries), entries=shown))

    async def _show(self, of: Collection, request: web.Request, user: User) -> web.Response:
        name = request.match_info["name"]
        try:
            found = self._found(of, name)
        except NoSuchEntry:
            if user.own is not None:  # whom no other names are told
                raise _no_such(of, name) from None
            raise
        if not _concerns(found, user):
            raise _no_such(of, name)
        return self.shown(200, of, name, found)

    async def _add(self, of: Collection, request: web.Request, user: User) -> web.Response:
        body = await table_of(request)
        position = _position(of, body)
        body = of.body(body, is_whole=True)
        change = EntryChange(
            action=Action.ADD, kind=of.kind, type=of.type, body=body, position=position
        )
        [added] = await self._live.change([change], user.name)
        assert added is not None
        return self.shown(201, of, added.name, added)

    async def _replace(self, of: Collection, request: web.Request, user: User) -> web.Response:
        return await self._changed(Action.REPLACE, of, request, user)

    async def _change(self, of: Collection, request: web.Request, user: User) -> web.Response:
        return await self._changed(Action.CHANGE, of, request, user)

    async def _changed(
        self, action: Action, of: Collection, request: web.Request, user: User
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
        [entry] = await self._live.change([change], user.name)
        assert entry is not None
        return self.shown(200, of, name, entry)

    async def _remove(self, of: Collection, request: web.Request, user: User) -> web.Response:
        name = request.match_info["name"]
        self._found(of, name)
        expected = seen_by(request)
        change = EntryChange(action=Action.REMOVE, kind=of.kind, name=name, expected=expected)
        await self._live.change([change], user.name)
        return web.Response(status=204)

    def model(self, of: Collection, name: str) -> BaseModel:
        """What an entry of the file or of the store says. Raises NoSuchEntry."""
        return _model(self._found(of, name))

    def _found(self, of: Collection, name: str) -> Entry | BaseModel:
        """The entry of that name. Raises NoSuchEntry."""
        found = self._live.now.find(of.kind, name)
        if found is None or not of.holds(_model(found)):
            there = list(self._live.now.in_order(of.kind))
            part_of = _range_around(name, (_model(each) for _, each in there))
            near = part_of or did_you_mean(name, (each for each, _ in there))
            raise _no_such(of, name, near)
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


def _works(works: Mapping[str, OfCollection], of: Collection) -> dict[str, Work]:
    """What is done for the operations of a collection, by their ids."""
    return {operation_id(verb, of): partial(work, of) for verb, work in works.items()}


def _model(found: Entry | BaseModel) -> BaseModel:
    return found.model if isinstance(found, Entry) else found


def _concerns(found: Entry | BaseModel, user: User) -> bool:
    """Whether all of an entry is a user's, which for extensions means all of their numbers."""
    if user.own is None:
        return True  # whatever there is, and a range may have a hundred thousand numbers
    model = _model(found)
    return not isinstance(model, ExtensionSettings) or all(map(user.owns, model.numbers()))


def _range_around(number: str, models: Iterable[BaseModel]) -> str:
    """The end of a sentence about a number that has no entry of its own, but is one of a range."""
    for model in models:
        if isinstance(model, ExtensionSettings) and model.range is not None:
            first, last = model.range.split("-")
            if is_between(number, first, last):
                see = f"see /v1/extensions/{model.range}"
                return f" of its own, it is part of the entry {model.range}: {see}"
    return ""


def _no_such(of: Collection, name: str, near: str = "") -> NoSuchEntry:
    return NoSuchEntry(f"no {of.type or of.kind.singular} {name[:200]!r}{near}")


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
