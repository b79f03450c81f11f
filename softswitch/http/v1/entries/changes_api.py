"""`/v1/changes`: many changes of settings at once, all or none; `/v1/reload`: the file again."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice

import msgspec
from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.access.asked_changes import tell_given
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.entries.collections import COLLECTIONS
from softswitch.http.v1.entries.description import CHANGE_OPERATIONS
from softswitch.http.v1.entries.entries_json import (
    ChangeAsked,
    ChangesGiven,
    ChangesMade,
    show_report,
)
from softswitch.http.v1.faults import FaultyBody, decoded
from softswitch.http.v1.serving import served
from softswitch.live.changes import Action, EntryChange
from softswitch.live.kinds_of_entries import ENTRY_KINDS
from softswitch.live.live_settings import LiveSettings
from softswitch.live.quiet import quietly
from softswitch.live.reports import ReloadReport
from softswitch.live.snapshot import Mistakes, SettingsMistake
from softswitch.settings.mistakes import did_you_mean, nearest

Reload = Callable[[], Awaitable[ReloadReport]]
"Reads the settings file and the certificates again. Raises Mistakes."


MOST_TOLD = 20
"Changes that the audit log tells by name."
NAMES = ("number", "range", "name", "username", "prefix")
"Keys that name an entry."
NO_ADDING = (Action.CHANGE, Action.REMOVE, Action.REPLACE)
LARGEST = 16 * 1024 * 1024
"Octets of a body: ten thousand changes have room."
_CHANGE = re.compile(r"\bchanges\[([0-9]+)\]")
"How sentences name another of the changes."


class ChangesApi:
    """Takes many changes, and reloads."""

    def __init__(self, live: LiveSettings, reload: Reload, users: Users) -> None:
        self._live = live
        self._reload = reload
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"changeEntries": self._change, "reload": self._read_again}
        return served(CHANGE_OPERATIONS, self._users, works)

    async def _change(self, request: web.Request, user: User) -> web.Response:
        wanted = await body_of(request, ChangesGiven, largest=LARGEST)
        async with quietly(len(wanted.changes)):
            asked = await asyncio.to_thread(lambda: _ReadChanges(wanted.changes))
            words = map(_in_words, islice(asked.changes, MOST_TOLD))
            dry = ("dry run",) if wanted.dry_run else ()
            tell_given(request, (*dry, *words))
            if asked.mistakes or wanted.dry_run:
                found = await self._live.mistakes(asked.changes, user.name, asked.unknown)
                if found or asked.mistakes:
                    raise Mistakes(asked.all_mistakes(found))
            else:
                await self._live.change(asked.changes, user.name, together=True)
        return answer(200, ChangesMade(changed=len(asked.changes), dry_run=wanted.dry_run))

    async def _read_again(self, _request: web.Request, _user: User) -> web.Response:
        return answer(200, show_report(await self._reload()))


def _in_words(change: EntryChange) -> str:
    """A change for the audit log, without what the entry holds."""
    keys = change.body or {}
    name = change.name or next((keys[key] for key in NAMES if key in keys), "")
    return f"{change.action.value} {change.kind.singular} {name}"


class _ReadChanges:
    """The changes that are asked for, and what is wrong with those that cannot be read."""

    def __init__(self, given: Sequence[msgspec.Raw]) -> None:
        self.changes: list[EntryChange] = []
        self.mistakes: list[SettingsMistake] = []
        self.unknown: set[str] = set()
        "Tables of the settings for which such changes may be; their entries are not known."
        self._places: list[int] = []
        for index, each in enumerate(given):
            self._read(index, each)

    def all_mistakes(self, found: Iterable[SettingsMistake]) -> list[SettingsMistake]:
        """Those of changes that could not be read, and those `found` among `changes`."""
        placed = (
            each
            if each.change is None
            else each._replace(
                change=self._places[each.change], wrong=_CHANGE.sub(self._placed, each.wrong)
            )
            for each in found
        )
        both = [*self.mistakes, *placed]
        both.sort(key=lambda each: sys.maxsize if each.change is None else each.change)
        return both

    def _placed(self, other: re.Match[str]) -> str:
        return f"changes[{self._places[int(other[1])]}]"

    def _read(self, index: int, given: msgspec.Raw) -> None:
        try:
            wanted = decoded(given, ChangeAsked)
        except FaultyBody as error:
            self.unknown |= _may_add(given)
            self.mistakes += (
                SettingsMistake(_where(index, each.path), each.wrong, change=index, field=each.path)
                for each in error.faults
            )
            return
        of = COLLECTIONS.get(wanted.collection)
        if of is None:
            self.unknown |= _may_add(given)
            name = wanted.collection[:40]
            near = did_you_mean(name, COLLECTIONS)
            wrong = f"expected one of {', '.join(COLLECTIONS)}, not {name!r}{near}"
            where = _where(index, "collection")
            self.mistakes.append(SettingsMistake(where, wrong, change=index, field="collection"))
            return
        self._places.append(index)
        self.changes.append(
            EntryChange(
                action=wanted.action,
                kind=of.kind,
                name=wanted.name,
                type=of.type,
                body=of.body(wanted.entry, is_whole=wanted.action is not Action.CHANGE),
                position=wanted.position,
                expected=None if wanted.if_match is None else frozenset({wanted.if_match}),
            )
        )


def _may_add(given: msgspec.Raw) -> set[str]:
    """The tables of the settings to which a change would add that cannot be read."""
    read = msgspec.json.decode(given)
    if not isinstance(read, dict) or not read.get("entry") or read.get("action") in NO_ADDING:
        return set()
    name = str(read.get("collection", ""))
    of = COLLECTIONS.get(nearest(name, frozenset(COLLECTIONS)) or name)
    return {of.kind.section} if of is not None else {kind.section for kind in ENTRY_KINDS}


def _where(index: int, path: str) -> str:
    return f"changes[{index}]{'.' if path else ''}{path}"
