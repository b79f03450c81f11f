"""Changes the settings while the switch runs: entries by request, the file by a reload.

One change or reload at a time. It is judged as a whole in a thread, written, and then taken by
every part in one step of the loop. A mistake anywhere, and nothing has changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from softswitch.live.applying import applied
from softswitch.live.changes import Applied, EntryChange, Look
from softswitch.live.effective import EffectiveSetting, effective
from softswitch.live.quiet import MANY, quietly
from softswitch.live.reports import ReloadReport, after_restart, counted
from softswitch.live.snapshot import (
    Entry,
    Mistakes,
    SettingsMistake,
    Snapshot,
    combined,
    fixed_entries,
)
from softswitch.settings.load import ConfigurationError, Settings
from softswitch.settings.passwords import Passwords
from softswitch.store.exchange.settings_entries import EntryRow
from softswitch.store.store import Store

_T = TypeVar("_T")

log = structlog.get_logger("softswitch.settings")

TOLD = 20
"Changes of one request that are written to the log, each with its entry."

Take = Callable[[], Awaitable[None] | None]
"Takes what was prepared, at once; what is left to do beside is awaited."
Taker = Callable[[Snapshot, Snapshot], Take]
"Prepares, in a thread, what is new to a part between two snapshots."


def nothing_named(_before: Settings, _after: Settings) -> Iterable[tuple[str, str]]:
    """What files name that a change takes away, where nobody looks."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the settings come from."""

    path: Path
    "The file, as sentences name it."
    read: Callable[[], Settings]
    "Reads and checks it anew. Raises ConfigurationError."
    collect: Callable[[Settings], Passwords]
    "Gathers the passwords. Raises ConfigurationError."
    look: Look
    "Looks at the files that an entry names."
    named_still: Callable[[Settings, Settings], Iterable[tuple[str, str]]] = nothing_named
    """Finds what files name that a change takes away, given the settings before and after it: the
    keys of the files, each with a sentence."""


class LiveSettings:
    """The settings that hold now, and the only way to change them."""

    def __init__(
        self, snapshot: Snapshot, store: Store, source: Source, left_out: Sequence[EntryRow] = ()
    ) -> None:
        self.left_out = left_out
        "Entries of the store that did not fit together with the file at the start."
        self._snapshot = snapshot
        self._store = store
        self._source = source
        self._running = snapshot.file
        self._turn = asyncio.Lock()
        self._takers: list[Taker] = []
        self._live: set[str] = set()

    @property
    def now(self) -> Snapshot:
        """What holds now; a value that does not change."""
        return self._snapshot

    def effective(self) -> Iterator[EffectiveSetting]:
        """Every key of the settings as it is in effect."""
        return effective(self._running, self._snapshot, self._is_live)

    def _is_live(self, table: str, key: str) -> bool:
        return table in self._live or f"{table}.{key}" in self._live

    def tell(self, *takers: Taker, tables: Sequence[str] = ()) -> None:
        """Let parts take what changes; `tables` and keys of the file then need no restart."""
        self._takers.extend(takers)
        self._live.update(tables)

    async def change(
        self, changes: Sequence[EntryChange], by: str, *, together: bool = False
    ) -> Sequence[Entry | None]:
        """Make all of these changes, in the name of a user, or none; what the entries are then.

        Raises Mistakes with all that is wrong; StoreError. A single change that cannot be made
        raises NoSuchEntry, EntryFixed, EntryExists or EntryOutdated, unless it is one of those
        that are made `together`.
        """
        async with self._turn, quietly(len(changes)):
            alone = len(changes) == 1 and not together
            plan = await asyncio.to_thread(partial(self._judged, changes, by, alone=alone))
            await self._store.write(*plan.applied.writes)
            await self._take(plan)
        results = plan.applied.results
        for change, entry in zip(changes[:TOLD], results, strict=False):
            name = change.name if entry is None else entry.name
            log.info(f"settings: {change.action}", kind=change.kind.singular, name=name, user=by)
        if len(changes) > TOLD:
            log.info("settings: more changes", count=len(changes) - TOLD, user=by)
        return results

    async def mistakes(
        self, changes: Sequence[EntryChange], by: str, unknown: Set[str] = frozenset()
    ) -> Sequence[SettingsMistake]:
        """What `change` would refuse; nothing changes.

        `unknown` are tables of which further changes could not be read.
        """
        async with self._turn, quietly(len(changes)):
            return await asyncio.to_thread(lambda: self._applied(changes, by, unknown)[2])

    async def reload(self) -> ReloadReport:
        """Read the file again. Raises Mistakes with a line for each; then nothing has changed."""
        began = time.perf_counter()
        async with self._turn, quietly(MANY):
            plan, report = await asyncio.to_thread(self._reread)
            await self._take(plan)
        report = replace(report, seconds=time.perf_counter() - began)
        log.info("settings: reload", file=str(self._source.path), **report.summary())
        return report

    async def check(self) -> ReloadReport:
        """What a reload would lead to; nothing changes. Raises Mistakes."""
        began = time.perf_counter()
        async with self._turn, quietly(MANY):
            _, report = await asyncio.to_thread(self._read_again, lambda _: self.now.passwords)
        return replace(report, seconds=time.perf_counter() - began)

    async def _take(self, plan: _Plan) -> None:
        """Let every part take what is new, in one step; then do what is left to do.

        Where one part fails the others take it all the same: half of a change is worse than one
        mistake. Raises what went wrong first, afterwards.
        """
        later: list[Awaitable[None]] = []
        failed: list[Exception] = []
        for take in plan.takes:
            try:
                awaitable = take()
            except Exception as error:
                failed.append(error)
            else:
                later += [awaitable] if awaitable is not None else []
        self._snapshot, before = plan.snapshot, self._snapshot
        rest: list[object] = [*plan.takes, before, *before.settings.extensions]
        plan.takes.clear()
        del before
        for awaitable in later:
            try:
                await awaitable
            except Exception as error:
                failed.append(error)
        await asyncio.to_thread(_let_go, rest)
        if failed:
            raise failed[0]

    # -- in the thread -----------------------------------------------------------------------------

    def _judged(self, changes: Sequence[EntryChange], by: str, *, alone: bool) -> _Plan:
        before = self._snapshot
        done, after, found = self._applied(changes, by, alone=alone)
        if after is None:
            raise Mistakes(found)
        # Only what is right makes passwords, which are kept in a file.
        after = replace(
            after, passwords=_as_mistakes(partial(self._source.collect, after.settings))
        )
        return _Plan(after, self._prepared(before, after), done)

    def _applied(
        self,
        changes: Sequence[EntryChange],
        by: str,
        unknown: Set[str] = frozenset(),
        *,
        alone: bool = False,
    ) -> tuple[Applied, Snapshot | None, Sequence[SettingsMistake]]:
        """What changes lead to, with the passwords of before; or all that is wrong with them."""
        before = self._snapshot
        done = applied(before, changes, by, self._source.look, alone=alone)
        found, after = list(done.mistakes), None
        try:
            after = combined(
                before.path,
                before.file,
                before.fixed,
                done.entries,
                lambda _: before.passwords,
                unknown=unknown | done.unknown,
                more=partial(self._source.named_still, before.settings),
            )
        except Mistakes as error:
            found += (
                each if each.place is None else each._replace(change=done.places.get(each.place))
                for each in error.found
            )
        found.sort(key=lambda each: len(changes) if each.change is None else each.change)
        return done, None if found else after, found

    def _reread(self) -> tuple[_Plan, ReloadReport]:
        before = self._snapshot
        after, report = self._read_again(self._source.collect)
        return _Plan(after, self._prepared(before, after), NOTHING), report

    def _read_again(
        self, collect: Callable[[Settings], Passwords]
    ) -> tuple[Snapshot, ReloadReport]:
        """File and store as they are together now. Raises Mistakes."""
        before = self._snapshot
        file = _as_mistakes(self._source.read)
        fixed = fixed_entries(file, before.fixed)
        after = _as_mistakes(lambda: combined(before.path, file, fixed, before.entries, collect))
        report = ReloadReport(
            entries=counted(before.fixed, fixed),
            after_restart=tuple(after_restart(self._running, file, self._live)),
            seconds=0.0,
        )
        return after, report

    def _prepared(self, before: Snapshot, after: Snapshot) -> list[Take]:
        return [taker(before, after) for taker in self._takers]


def _let_go(rest: list[object]) -> None:
    """Forget these one by one: the end of ten thousand extensions takes its time."""
    rest.reverse()
    while rest:
        rest.pop()


NOTHING = Applied(entries={}, results=(), places={}, writes=())
"Of a reload: it writes nothing."


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is about to be taken."""

    snapshot: Snapshot
    takes: list[Take]
    applied: Applied


def _as_mistakes(work: Callable[[], _T]) -> _T:
    """What `work` returns; the operator's mistakes in the file become Mistakes."""
    try:
        return work()
    except ConfigurationError as error:
        raise Mistakes([SettingsMistake("", line) for line in error.lines]) from None
