"""The folders of users: list, fetch, mark, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from softswitch.messaging.delivery.lane import Lane
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.store.lists.messages import MessageFilter, MessagePage
from softswitch.store.lists.pages import PartWanted
from softswitch.store.messages import TextMessage, drop, mark, move

FOLDERS = ("inbox", "outbox", "sent", "notsent", "deleted")


class Folders:
    """All folders of all users."""

    def __init__(self, disk: MessageDisk, lanes: Mapping[str, Lane]) -> None:
        """`lanes` may hold messages that are deleted."""
        self._disk = disk
        self._lanes = lanes

    async def list(self, user: str, folder: str, limit: int) -> Sequence[TextMessage]:
        """Messages of a folder, oldest first, the marked ones as well."""
        return await self._disk.list_folder(user, folder, limit=limit)

    async def fetch(
        self, user: str, folder: str, limit: int, after: str = "leave"
    ) -> Sequence[TextMessage]:
        """Messages of a folder, oldest first, without the marked ones.

        `after`: `delete` puts them into `deleted` (out of there they vanish), `mark` or `leave`.
        """
        found = await self._disk.list_folder(user, folder, limit=limit, fresh=True)
        if found and after == "delete":
            await self._delete(found)
        elif found and after == "mark":
            await self._disk.write(*(mark(message.id) for message in found))
        return found

    async def page(self, wanted: MessageFilter, part: PartWanted) -> MessagePage:
        """Part of the messages that a filter lets through, of one user or of all."""
        return await self._disk.list_messages(wanted, part)

    async def find(self, message_id: str) -> TextMessage | None:
        """The message with that id, whoever's it is; no receipt on its way to a peer."""
        found = await self._disk.find_message(message_id)
        return None if found is None or found.kind == "receipt" else found

    async def remove(self, message: TextMessage) -> None:
        """Put a message into `deleted`; out of there it vanishes. Nobody tries it any more."""
        await self._delete([message])

    async def delete(self, user: str, folder: str, ids: Iterable[str]) -> Sequence[str]:
        """Delete messages of a folder; the ids of those that it held."""
        found = await self._find(user, folder, ids)
        if found:
            await self._delete(found)
        return [message.id for message in found]

    async def mark(self, user: str, folder: str, ids: Iterable[str]) -> Sequence[str]:
        """Mark messages of a folder as downloaded; the ids of those that it held."""
        found = await self._find(user, folder, ids)
        if found:
            await self._disk.write(*(mark(message.id) for message in found))
        return [message.id for message in found]

    async def _find(self, user: str, folder: str, ids: Iterable[str]) -> Sequence[TextMessage]:
        """Those of the messages that lie in that folder of that user, in the order of the ids."""
        wanted = tuple(dict.fromkeys(ids))
        found = await self._disk.find_messages(wanted)
        known = (found[identity] for identity in wanted if identity in found)
        return [message for message in known if message.user == user and message.folder == folder]

    async def _delete(self, found: Sequence[TextMessage]) -> None:
        self._leave_alone(found)
        written = self._disk.write(
            *(
                drop(message.id) if message.folder == "deleted" else move(message.id, "deleted")
                for message in found
            )
        )
        written.add_done_callback(lambda _: self._leave_alone(found))
        await asyncio.shield(written)

    def _leave_alone(self, found: Sequence[TextMessage]) -> None:
        """Take deleted messages out of the queues, those included that were loaded meanwhile."""
        for message in found:
            if message.lane in self._lanes:
                self._lanes[message.lane].cancel(message.id)
