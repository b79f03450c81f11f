"""The store as messages use it: writes through the journal, reads by the queries of messages."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Container, Iterable
from pathlib import Path

from softswitch.messaging.connections.connection import Full
from softswitch.store import message_fragments, message_parts, messages
from softswitch.store.database.changes import Change
from softswitch.store.lists.messages import MessageFilter, MessagePage, list_messages
from softswitch.store.lists.pages import PartWanted
from softswitch.store.message_fragments import Fragment
from softswitch.store.message_parts import MessagePart
from softswitch.store.messages import TextMessage
from softswitch.store.store import Store

CHECK_EVERY = 1.0
"Seconds between two looks at the free space."


class MessageDisk:
    """The messages on disk."""

    def __init__(self, store: Store, reserve: int) -> None:
        """`reserve`: octets of free space below which no message is accepted."""
        self._store = store
        self._reader = store.reader
        self._reserve = reserve
        self._checked_at = 0.0
        self._short = False

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """Done when the changes are on disk; raises StoreError, at once or through the future."""
        return self._store.write(*changes)

    def check_room(self) -> None:
        """Raises Full while the disk has less free space than the reserve."""
        path = self._store.url.path
        now = time.monotonic()
        if path is not None and now - self._checked_at >= CHECK_EVERY:
            self._checked_at = now
            self._short = _free(path) < self._reserve
        if self._short:
            raise Full("the disk is full")

    async def load_due(
        self, lane: str, now: float, limit: int, ahead: float, held: Container[str]
    ) -> tuple[list[TextMessage], bool]:
        return await messages.load_due(self._reader, lane, now, limit, ahead=ahead, held=held)

    async def next_due(self, lane: str, after: float) -> float | None:
        return await messages.next_due(self._reader, lane, after)

    async def waiting_addresses(self, lane: str) -> set[str]:
        return await messages.waiting_addresses(self._reader, lane)

    async def lanes_in_use(self) -> set[str]:
        return await messages.lanes_in_use(self._reader)

    async def list_folder(
        self, user: str, folder: str, *, limit: int, fresh: bool = False
    ) -> list[TextMessage]:
        return await messages.list_folder(self._reader, user, folder, limit=limit, fresh=fresh)

    async def list_messages(self, wanted: MessageFilter, part: PartWanted) -> MessagePage:
        return await list_messages(self._reader, wanted, part)

    async def find_message(self, message_id: str) -> TextMessage | None:
        return (await messages.find_messages(self._reader, [message_id])).get(message_id)

    async def find_messages(self, ids: Iterable[str]) -> dict[str, TextMessage]:
        return await messages.find_messages(self._reader, ids)

    async def find_origin(self, origin: str) -> TextMessage | None:
        return await messages.find_origin(self._reader, origin)

    async def find_parts(
        self, connection: str, network_ids: Iterable[str]
    ) -> dict[str, tuple[MessagePart, TextMessage]]:
        return await message_parts.find_parts(self._reader, connection, network_ids)

    async def parts_of(self, message_id: str) -> list[MessagePart]:
        return await message_parts.parts_of(self._reader, message_id)

    async def load_fragments(self) -> list[Fragment]:
        return await message_fragments.load_fragments(self._reader)


def _free(path: Path) -> int:
    folder = path.parent if path.parent != Path() else Path(os.curdir)
    return shutil.disk_usage(folder).free
