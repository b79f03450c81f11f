"""Delivery receipts of networks, joined over the parts of each message.

A receipt may overtake the answer that gives the message its network id, so an unknown one waits a
moment. Centres may write an id in one way in their answer and in another in the receipt.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from msgspec.structs import replace

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.delivery.lane import Done
from softswitch.messaging.delivery.settlement import settled
from softswitch.store.message_parts import MessagePart, save_part
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.messaging")

REMEMBERED = 5_000
"Parts in memory; older ones are looked up on disk."
QUOTED = 20
"Characters of a text that a receipt may quote; the rest need not stay in memory."
PATIENCE = 2.0
"Seconds that a receipt may be ahead of the answer it belongs to."
WIDTHS = (8, 10, 16)
"Digits to which centres fill ids up with zeros."
LONGEST_NUMBER = 32
"Characters of an id that may be a number in hexadecimal."
WAITING = 20_000
"Ids, in each spelling, whose receipts may wait so."

_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")

Found = tuple[MessagePart, TextMessage]


class ReceiptStore(Protocol):
    """The part of the store that is needed here."""

    async def find_parts(self, connection: str, network_ids: Iterable[str]) -> dict[str, Found]: ...
    async def parts_of(self, message_id: str) -> list[MessagePart]: ...


@dataclass(slots=True)
class _Taken:
    """A message whose parts are under way."""

    message: TextMessage
    parts: dict[str, MessagePart] = field(default_factory=dict)


class _PartLoader:
    """Looks parts up on disk; simultaneous requests share one query."""

    def __init__(self, disk: ReceiptStore) -> None:
        self._disk = disk
        self._wanted: dict[str, dict[str, asyncio.Future[Found | None]]] = {}
        self._loading: asyncio.Task[None] | None = None

    async def find(self, connection: str, network_id: str) -> Found | None:
        """The part of that id and its message. Raises StoreError."""
        loop = asyncio.get_running_loop()
        wanted = self._wanted.setdefault(connection, {})
        future = wanted.get(network_id)
        if future is None:
            future = wanted[network_id] = loop.create_future()
        if self._loading is None:
            # A task of its own: who asks first may go, the others still want their answers.
            self._loading = loop.create_task(self._load(), name="parts of messages")
        return await asyncio.shield(future)

    async def _load(self) -> None:
        """Look up for all, until no request waits."""
        try:
            while self._wanted:
                connection, futures = self._wanted.popitem()
                try:
                    found = await self._disk.find_parts(connection, futures)
                except Exception as error:
                    _fail(futures.values(), error)
                    continue
                for network_id, future in futures.items():
                    future.set_result(found.get(network_id))
        finally:
            self._loading = None


def _fail(futures: Iterable[asyncio.Future[Found | None]], error: Exception) -> None:
    for future in futures:
        future.set_exception(error)
        future.exception()  # nobody may be left who asks


class Receipts:
    """Finds the part and the message of a network id."""

    def __init__(self, disk: ReceiptStore, clock: Callable[[], float]) -> None:
        self._disk = disk
        self._clock = clock
        self._parts = _PartLoader(disk)
        self._recent: OrderedDict[tuple[str, str], _Taken] = OrderedDict()
        self._waiting: dict[tuple[str, str], asyncio.Event] = {}
        self.unknown = 0
        "Receipts of no known message."

    def taken(self, message: TextMessage, parts: tuple[MessagePart, ...]) -> None:
        """Remember the network's ids of the parts of a message."""
        message = replace(message, text=message.text[:QUOTED])
        self._remember(_Taken(message, {part.network_id: part for part in parts}))
        for part in parts:
            waiting = self._waiting.get((part.connection, part.network_id))
            if waiting is not None:
                waiting.set()

    async def settle(self, connection: str, receipt: Receipt) -> Done:
        """The changes that a receipt makes; none when it brings nothing new."""
        taken, part = await self._find(connection, receipt.network_id)
        if taken is None or part is None:
            self.unknown += 1
            _LOG.warning("receipt of no message", connection=connection, id=receipt.network_id)
            return Done()
        if receipt.state in (part.state, "sent"):
            return Done()
        part = replace(part, state=receipt.state)
        taken.parts[part.network_id] = part
        change = save_part(part)
        states = [other.state for other in taken.parts.values()]
        now = self._clock()
        if receipt.state == "failed":
            if states.count("failed") > 1:
                return Done((change,))
            return settled(
                taken.message, "failed", now, folder="notsent", error=receipt.error, more=(change,)
            )
        if all(state == "delivered" for state in states):
            return settled(taken.message, "delivered", now, folder="sent", more=(change,))
        return Done((change,))

    def forget(self, connection: str, network_id: str) -> None:
        """Forget a message whose change was not written; the disk has its true state."""
        for spelling in spellings(network_id):
            taken = self._recent.get((connection, spelling))
            for part in taken.parts if taken else ():
                self._recent.pop((connection, part), None)

    async def _find(
        self, connection: str, network_id: str
    ) -> tuple[_Taken | None, MessagePart | None]:
        found = await self._look(connection, network_id)
        if found[1] is None and len(self._waiting) < WAITING:
            await self._overtaken(connection, network_id)
            found = await self._look(connection, network_id)
        return found

    async def _look(
        self, connection: str, network_id: str
    ) -> tuple[_Taken | None, MessagePart | None]:
        spelled = spellings(network_id)
        for spelling in spelled:
            taken = self._recent.get((connection, spelling))
            if taken is not None:
                return taken, taken.parts[spelling]
        # Asked together, they cost one query.
        for found in await asyncio.gather(
            *(self._parts.find(connection, spelling) for spelling in spelled)
        ):
            if found is not None:
                return await self._load(*found)
        return None, None

    async def _load(
        self, part: MessagePart, message: TextMessage
    ) -> tuple[_Taken, MessagePart | None]:
        parts = [part] if part.parts == 1 else await self._disk.parts_of(message.id)
        known = self._recent.get((part.connection, part.network_id))
        if known is not None:
            return known, known.parts.get(part.network_id)
        taken = _Taken(message, {other.network_id: other for other in parts})
        self._remember(taken)
        return taken, taken.parts.get(part.network_id)

    def _remember(self, taken: _Taken) -> None:
        for part in taken.parts.values():
            self._recent[part.connection, part.network_id] = taken
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    async def _overtaken(self, connection: str, network_id: str) -> None:
        """Wait a moment for the answer that brings the network id."""
        keys = [(connection, spelling) for spelling in spellings(network_id)]
        event = asyncio.Event()
        for key in keys:
            self._waiting[key] = event
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await event.wait()
        finally:
            for key in keys:
                self._waiting.pop(key, None)


def spellings(network_id: str) -> list[str]:
    """The id as it is, then as others may write it: the same number, more or fewer zeros.

    Centres differ in hexadecimal and decimal, in letter case, in a leading 0x, in zeros before it.
    """
    spelled = [network_id]
    plain = network_id.removeprefix("0x").removeprefix("0X")
    if plain.isascii() and plain.isdigit() and plain == network_id:
        spelled += [plain.lstrip("0") or "0", f"{int(plain):x}", f"{int(plain):X}"]
    if len(plain) <= LONGEST_NUMBER and set(plain) <= _HEXADECIMAL and plain:
        spelled += [str(int(plain, 16)), plain.lower(), plain.upper()]
        spelled += [each.lstrip("0") or "0" for each in (plain.lower(), plain.upper())]
        spelled += [mark + plain.lower() for mark in ("0x", "0X")]
        for each in list(spelled):
            spelled += [each.zfill(width) for width in WIDTHS if 3 < len(each) < width]
    else:
        spelled += [network_id.lower(), network_id.upper()]
    return list(dict.fromkeys(spelled))
