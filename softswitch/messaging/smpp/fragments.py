"""Parts of long messages that arrive: each is on disk before it is acknowledged.

When the last part is there, the message is kept and its parts are removed. A message that stays
incomplete for six hours is kept with a mark for each gap, since its parts have been acknowledged.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from softswitch.messaging.connections.connection import Full
from softswitch.messaging.smpp.text import Piece, decode
from softswitch.store.database.changes import Change
from softswitch.store.message_fragments import Fragment, drop_fragments, save_fragment

_LOG = structlog.get_logger("softswitch.messaging")

PATIENCE = 6 * 3_600.0
"Seconds from the first part of a message to the last."
MOST = 20_000
"Fragments in memory; while there are so many, new ones are refused."
GAP = "[…]"
"Stands for a part that did not come."

Key = tuple[str, str, str, int, int]


class FragmentStore(Protocol):
    """The part of the store that is needed here."""

    def write(self, *changes: Change) -> asyncio.Future[None]: ...
    async def load_fragments(self) -> list[Fragment]: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A text whose parts are all there, or as many as came in time."""

    text: str
    fragments: tuple[Fragment, ...] = ()

    @property
    def ids(self) -> list[str]:
        """Our ids of its parts."""
        return [fragment_id(fragment) for fragment in self.fragments]


@dataclass(slots=True)
class _Group:
    fragments: dict[int, Fragment] = field(default_factory=dict)
    began: float = 0.0


class Fragments:
    """The incomplete messages of one connection."""

    def __init__(
        self, connection: str, disk: FragmentStore, alphabet: str, clock: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._disk = disk
        self._alphabet = alphabet
        self._clock = clock
        self._groups: dict[Key, _Group] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    async def load(self) -> None:
        """Load the parts that an earlier process has acknowledged."""
        for fragment in await self._disk.load_fragments():
            if fragment.connection == self._connection:
                self._add(fragment)

    async def add(self, piece: Piece, source: str, destination: str) -> tuple[str, Whole | None]:
        """Keep a part; our id of it, and the message when it is complete.

        On disk on return, but for the last part: the caller keeps the message, then calls
        `done`. Raises StoreError and Full.
        """
        fragment = Fragment(
            connection=self._connection,
            source=source,
            destination=destination,
            reference=piece.reference,
            parts=piece.parts,
            part=piece.part,
            coding=piece.coding,
            data=piece.octets,
            arrived_at=self._clock(),
        )
        group = self._groups.get(_key(fragment))
        known = group.fragments.get(piece.part) if group is not None else None
        if group is not None and known is not None and known.data == piece.octets:
            return fragment_id(known), self._whole(group, known.parts)
        if self._count >= MOST:
            raise Full("too many parts of long messages are waiting for the rest")
        await self._disk.write(save_fragment(fragment))
        return fragment_id(fragment), self._whole(self._add(fragment), fragment.parts)

    def _whole(self, group: _Group, parts: int) -> Whole | None:
        if len(group.fragments) < parts:
            return None
        ordered = tuple(group.fragments[number] for number in sorted(group.fragments))
        return Whole(self._text(ordered), ordered)

    def _text(self, ordered: tuple[Fragment, ...]) -> str:
        """Octets are joined before they are read: a character may lie across two parts."""
        text, octets, coding, expected = "", b"", ordered[0].coding, 1
        for fragment in ordered:
            if fragment.part != expected or fragment.coding != coding:
                text += decode(coding, octets, self._alphabet)
                text += GAP if fragment.part != expected else ""
                octets, coding = b"", fragment.coding
            octets += fragment.data
            expected = fragment.part + 1
        text += decode(coding, octets, self._alphabet)
        return text + (GAP if expected <= ordered[0].parts else "")

    async def done(self, whole: Whole) -> None:
        """The message is on disk: remove its parts. Raises StoreError."""
        first = whole.fragments[0]
        written = self._disk.write(drop_fragments(first))
        written.add_done_callback(partial(self._forget, first))
        await asyncio.shield(written)

    def _forget(self, first: Fragment, written: asyncio.Future[None]) -> None:
        """Forget parts that are not on disk any more, though who dropped them may have gone."""
        if written.cancelled() or written.exception() is not None:
            return
        group = self._groups.pop(_key(first), None)
        self._count -= len(group.fragments) if group else 0

    def overdue(self) -> list[Whole]:
        """Messages whose missing parts have had their time."""
        now = self._clock()
        late = [group for group in self._groups.values() if now - group.began >= PATIENCE]
        wholes = []
        for group in late:
            ordered = tuple(group.fragments[number] for number in sorted(group.fragments))
            wholes.append(Whole(self._text(ordered), ordered))
        return wholes

    def _add(self, fragment: Fragment) -> _Group:
        group = self._groups.setdefault(_key(fragment), _Group(began=fragment.arrived_at))
        if fragment.part not in group.fragments:
            self._count += 1
        group.fragments[fragment.part] = fragment
        return group


def fragment_id(fragment: Fragment) -> str:
    """Our id of a part; the same after a restart."""
    text = "\0".join(map(str, (*_key(fragment), fragment.part, fragment.arrived_at)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _key(fragment: Fragment) -> Key:
    return (
        fragment.connection,
        fragment.source,
        fragment.destination,
        fragment.reference,
        fragment.parts,
    )
