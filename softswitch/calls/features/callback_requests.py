"""Callbacks that extensions have asked for: who is to be called when whom gets free.

On disk before they are acknowledged, so that a restart forgets none. The times are those of 3GPP TS
23.093 (completion of calls to busy subscribers).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import msgspec

from softswitch.calls.features.kept import Kept, WriteBehind, readable
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow

LIFE = 45 * 60
"Seconds that a request waits."
MOST = 5
"Requests of one extension; a further one replaces its oldest."
OF_CALLBACKS = "callbacks"
"What choices are for that are the callbacks that an extension waits for."


class CallbackRequest(msgspec.Struct, frozen=True):
    """An extension that wants to talk to another one when that gets free."""

    extension: str
    wanted: str
    until: float
    "Unix time in seconds."
    chain: str = ""
    "That of the call that has asked for it."


class _RowRequest(msgspec.Struct, frozen=True, array_like=True):
    """One request of an extension on disk."""

    wanted: str
    until: float
    chain: str = ""


class _Row(msgspec.Struct, frozen=True):
    """All that one extension waits for: what it wants, and until when, the oldest first."""

    waits: list[_RowRequest]


class CallbackRequests:
    """The requests that wait, the oldest first."""

    __slots__ = ("_kept", "_now", "_waiting")

    def __init__(self, write: WriteBehind, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time in seconds."""
        self._kept = Kept(OF_CALLBACKS, write, now)
        self._now = now
        self._waiting: list[CallbackRequest] = []

    def restore(self, rows: Iterable[ChoiceRow]) -> None:
        """Take what an earlier process has kept; what has waited for too long goes."""
        for row, value in readable(rows, _Row):
            latest = self._now() + LIFE  # the clock may have been set back meanwhile
            found = [
                CallbackRequest(row.name, each.wanted, min(each.until, latest), each.chain)
                for each in value.waits
            ]
            self._waiting += (still := [each for each in found if each.until > self._now()])
            if len(still) < len(found):
                self._kept.save_soon(row.name, self._row(row.name))
        self._waiting.sort(key=lambda each: each.until)

    async def ask(self, extension: str, wanted: str, chain: str = "") -> None:
        """Wait for an extension; asked twice, it waits once, from now on.

        `chain` is that of the call that asks: the callback belongs to it.
        On disk when this returns. Raises StoreError when the disk does not take it, and then it
        waits as before.
        """
        before = self._of(extension)
        request = self._add(extension, wanted, chain)
        await self._save(extension, before, request)

    def again(self, request: CallbackRequest) -> None:
        """Wait once more for who was busy again; what the disk refuses is logged."""
        self._add(request.extension, request.wanted, request.chain)
        self._kept.save_soon(request.extension, self._row(request.extension))

    def end(self, request: CallbackRequest) -> None:
        """Wait no more: it is called back now, or never. What the disk refuses is logged."""
        self._remove(request)
        self._kept.save_soon(request.extension, self._row(request.extension))

    async def cancel(self, extension: str) -> int:
        """Forget what an extension has asked for; returns how many requests.

        On disk when this returns. Raises StoreError when the disk does not take it.
        """
        own = self._of(extension)
        for each in own:
            self._remove(each)
        if own:
            await self._save(extension, own)
        return len(own)

    def kept(self) -> Iterable[str]:
        """The extensions that wait, or are waited for."""
        return {number for each in self._waiting for number in (each.extension, each.wanted)}

    def forget(self, numbers: Iterable[str]) -> None:
        """Let nobody wait for extensions that are gone, and these for nobody."""
        gone = set(numbers)
        for each in list(self._waiting):
            if not gone.isdisjoint((each.extension, each.wanted)):
                self.end(each)

    def waiting(self) -> list[CallbackRequest]:
        """Those that have not been waiting for too long."""
        now = self._now()
        for each in [each for each in self._waiting if each.until <= now]:
            self.end(each)
        return list(self._waiting)

    async def _save(
        self, extension: str, before: list[CallbackRequest], new: CallbackRequest | None = None
    ) -> None:
        """Write what an extension waits for now; where that fails it waits for what it did before.

        Memory is changed before the disk, so that changes of the same moment see each other.
        """
        try:
            await self._kept.save(extension, self._row(extension))
        except StoreError:
            if new is not None:
                self._remove(new)
            known = {each.wanted for each in self._of(extension)}
            self._waiting += [each for each in before if each.wanted not in known]
            self._waiting.sort(key=lambda each: each.until)
            raise

    def _of(self, extension: str) -> list[CallbackRequest]:
        return [each for each in self.waiting() if each.extension == extension]

    def _add(self, extension: str, wanted: str, chain: str) -> CallbackRequest:
        own = self._of(extension)
        for each in own:
            if each.wanted == wanted:
                self._remove(each)
        own = [each for each in own if each.wanted != wanted]
        if len(own) >= MOST:
            self._remove(own[0])
        request = CallbackRequest(extension, wanted, self._now() + LIFE, chain)
        self._waiting.append(request)
        return request

    def _remove(self, request: CallbackRequest) -> None:
        if request in self._waiting:
            self._waiting.remove(request)

    def _row(self, extension: str) -> dict[str, object]:
        own = [each for each in self._waiting if each.extension == extension]
        waits = [[each.wanted, each.until, each.chain] for each in own]
        return {"waits": waits} if waits else {}
