"""The door to messages: send, wait for, fetch, delete, mark; and where what arrives comes in.

Nothing is acknowledged before it is on disk: `send` and `arrived` return after the commit.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.messaging.connections.connection import (
    ADMIN,
    API,
    LONGEST_ADDRESS,
    LONGEST_TEXT,
    SIP,
    Arrival,
    Connection,
    ConnectionState,
    Full,
    MessageRefused,
    NoRoute,
    Receipt,
)
from softswitch.messaging.connections.removed import RemovedConnection
from softswitch.messaging.queue.backoff import BackOff
from softswitch.messaging.queue.delivery import Delivery
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.lane import Lane
from softswitch.messaging.queue.notices import Notice, Notices, Tell
from softswitch.messaging.queue.receipts import Receipts
from softswitch.messaging.queue.routes import Routes
from softswitch.messaging.queue.settlement import NOTIFIER
from softswitch.messaging.queue.waiting import Waiting
from softswitch.store.database.errors import StoreError
from softswitch.store.messages import (
    TextMessage,
    drop,
    drop_before,
    hasten,
    insert_message,
    mark,
    move,
)

_LOG = structlog.get_logger("softswitch.messaging")

NOTIFIERS = 8
"Applications that are told at a time."
PURGE_EVERY = 3_600.0
"Seconds between two removals of old messages."
FOLDERS = ("inbox", "outbox", "sent", "notsent", "deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that a command, a script or a terminal hands over."""

    text: str
    connection: str | None = None
    "`name@host`; None lets the rules choose."
    kind: str = "sms"
    "sms, email or any."
    recipient: str = ""
    sender: str = ""
    subject: str = ""
    report_url: str | None = None
    user: str = ""
    id: str | None = None
    "The sender's own id; a second message with it is the same message."
    valid_until: float | None = None
    time_to_send: float | None = None
    extension: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The figures of `[messages]`."""

    valid_for: float = 172_800.0
    keep: float = 90 * 86_400.0
    "Seconds that messages stay in the folders."
    backoff: BackOff = field(default_factory=BackOff)
    user: str = "admin"
    "Whose inbox gets what nobody else's does."


async def _tell_nobody(notice: Notice) -> None:
    """There are no applications."""


class Messages:
    """All messages, the connections that carry them, and those who wait for them."""

    def __init__(
        self,
        disk: MessageDisk,
        connections: Sequence[Connection],
        routes: Routes,
        *,
        bounds: Bounds | None = None,
        tell: Tell = _tell_nobody,
        kind_of: Callable[[str], ExtensionKind | None] = lambda _number: None,
        hosts: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`kind_of`: the kind of the extension with a number; `hosts`: ours, besides localhost."""
        self.bounds = bounds or Bounds()
        self.connections = {connection.name: connection for connection in connections}
        self.waiting = Waiting()
        self.receipts = Receipts(disk, clock)
        self.notices = Notices(tell, self.bounds.backoff, clock)
        self.accepted = 0
        self.arrivals = 0
        self.refused = 0
        "Messages that were not accepted."
        self._disk = disk
        self._routes = routes
        self._kind_of = kind_of
        self._hosts = {"", "localhost", *(host.lower() for host in hosts)}
        self._clock = clock
        self._purging: asyncio.Task[None] | None = None
        self.deliveries: dict[str, Delivery] = {}
        self.lanes: dict[str, Lane] = {}
        for connection in connections:
            self._add_lane(connection)
        self.lanes[NOTIFIER] = Lane(
            NOTIFIER, disk, self.notices.attempt, self._follow, workers=NOTIFIERS, clock=clock
        )

    def _add_lane(self, connection: Connection) -> None:
        delivery = Delivery(
            connection,
            self.connections,
            self.bounds.backoff,
            self._clock,
            self.receipts.taken,
        )
        self.deliveries[connection.name] = delivery
        self.lanes[connection.name] = Lane(
            connection.name,
            self._disk,
            delivery.attempt,
            self._follow,
            workers=connection.window,
            clock=self._clock,
        )

    async def start(self) -> None:
        """Start the connections and take up what an earlier process left. Raises OSError."""
        for name in await self._disk.lanes_in_use() - self.lanes.keys():
            self._add_lane(RemovedConnection(name))
        for lane in self.lanes.values():
            lane.start()
        for connection in self.connections.values():
            try:
                await connection.start(self)
            except OSError as error:
                raise OSError(f"connections (name {connection.name}): {error}") from error
        self._purging = asyncio.get_running_loop().create_task(self._purge(), name="old messages")

    async def stop(self) -> None:
        """End; what was accepted stays on disk for the next start."""
        for connection in self.connections.values():
            with suppress(OSError):
                await connection.stop()
        for lane in self.lanes.values():
            await lane.stop()
        if self._purging is not None:
            self._purging.cancel()
            await asyncio.gather(self._purging, return_exceptions=True)

    # -- sending -----------------------------------------------------------------------------------

    async def send(self, outgoing: Outgoing) -> str:
        """Accept a message; its id, once it is on disk.

        Raises NoRoute, MessageRefused for what cannot be a message, StoreError and Full when it
        cannot be kept.
        """
        try:
            _check(outgoing.text, outgoing.recipient, outgoing.sender, outgoing.subject)
            self._disk.check_room()
            identity = outgoing.id or str(uuid.uuid4())
            _check_id(identity)
            if outgoing.id is not None:
                known = await self._disk.find_message(outgoing.id)
                if known is not None:
                    return self._again(known, outgoing)
            names, recipient = self._way(outgoing)
        except MessageRefused:
            self.refused += 1
            raise
        now = self._clock()
        at = max(now, outgoing.time_to_send or 0.0)
        message = TextMessage(
            id=identity,
            created_at=now,
            user=outgoing.user or self.bounds.user,
            folder="outbox",
            kind=outgoing.kind,
            from_address=outgoing.sender,
            to_connection=names[0],
            to_address=recipient,
            subject=outgoing.subject,
            text=outgoing.text,
            state="queued",
            lane=names[0],
            next_at=at,
            routes=list(names),
            valid_until=outgoing.valid_until or at + self.bounds.valid_for,
            time_to_send=outgoing.time_to_send,
            report_url=outgoing.report_url or "",
            extension=outgoing.extension or self._api_extension(outgoing.sender),
            tags=outgoing.tags,
        )
        await self._keep(message)
        return message.id

    def _again(self, known: TextMessage, outgoing: Outgoing) -> str:
        if known.user != (outgoing.user or self.bounds.user):
            raise MessageRefused("the id of the message is taken")
        return known.id

    def _way(self, outgoing: Outgoing) -> tuple[tuple[str, ...], str]:
        """The connections to try and the recipient within them. Raises NoRoute."""
        recipient = outgoing.recipient
        if outgoing.connection:
            name, _, host = outgoing.connection.partition("@")
            if host.lower() not in self._hosts:
                raise NoRoute(f"no connection {outgoing.connection}")
            if name in self.connections:
                if not recipient and name == SIP:
                    raise NoRoute("sip@localhost needs the number of a phone")
                return (name,), recipient
            if self._kind_of(name) is not None:
                return (SIP,), name
            raise NoRoute(f"no connection {outgoing.connection}")
        names = self._find_routes(recipient, outgoing.sender, API, outgoing.kind)
        if not names:
            raise NoRoute(f"no route to {recipient}")
        return names, recipient

    def _find_routes(self, to: str, sender: str, source: str, kind: str) -> tuple[str, ...]:
        if kind != "email" and self._kind_of(to) is not None:
            return (SIP,)
        found = self._routes.find(to=to, sender=sender, source=source, kind=kind)
        return tuple(name for name in found if name in self.connections)

    def _api_extension(self, sender: str) -> str:
        return sender if self._is_application(sender) else ""

    def _is_application(self, number: str) -> bool:
        kind = self._kind_of(number)
        return kind is not None and kind.takes_messages

    async def _keep(self, message: TextMessage) -> None:
        """Write a message down, then let its lane have it. Raises StoreError, Full."""
        try:
            await self._disk.write(insert_message(message))
        except StoreError:
            self.refused += 1
            raise
        self.accepted += 1
        if message.next_at is not None:
            self.lanes[message.lane].put(message)

    def _follow(self, message: TextMessage) -> None:
        lane = self.lanes.get(message.lane)
        if lane is not None:
            lane.put(message)

    # -- what connections bring --------------------------------------------------------------------

    async def arrived(self, arrival: Arrival) -> TextMessage:
        """Keep what a connection brings; on disk on return.

        Raises NoRoute where the recipient must be known and is not, MessageRefused, Full and
        StoreError.
        """
        try:
            _check(arrival.text, arrival.to_address, arrival.from_address, arrival.subject)
            self._disk.check_room()
            if arrival.origin is not None:
                known = await self._disk.find_origin(arrival.origin)
                if known is not None:
                    return known
            message = self._placed(arrival)
        except MessageRefused:
            self.refused += 1
            raise
        await self._keep(message)
        self.arrivals += 1
        if message.folder == "inbox" or arrival.connection != SIP:
            self.waiting.arrived(message)
        return message

    def _placed(self, arrival: Arrival) -> TextMessage:
        """Where a message that arrived belongs: on to somebody, or into an inbox."""
        now = self._clock()
        told = self._is_application(arrival.to_address)
        names: tuple[str, ...] = ()
        if not told:
            names = self._find_routes(
                arrival.to_address, arrival.from_address, arrival.connection, arrival.kind
            )
            if not names and arrival.must_route:
                raise NoRoute(f"no route to {arrival.to_address}")
        at = max(now, arrival.time_to_send or 0.0)
        common: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "created_at": now,
            "user": arrival.user or self.bounds.user,
            "kind": arrival.kind,
            "from_connection": arrival.connection,
            "from_address": arrival.from_address,
            "from_station": arrival.from_station,
            "to_address": arrival.to_address,
            "subject": arrival.subject,
            "text": arrival.text,
            "valid_until": arrival.valid_until or at + self.bounds.valid_for,
            "origin": arrival.origin,
            "tags": arrival.tags,
            "report": arrival.report,
        }
        if names:
            return TextMessage(
                **common,
                folder="outbox",
                to_connection=names[0],
                state="queued",
                lane=names[0],
                next_at=at,
                routes=list(names),
                time_to_send=arrival.time_to_send,
            )
        return TextMessage(
            **common,
            folder="inbox",
            state="received",
            lane=NOTIFIER if told else "",
            next_at=now if told else None,
            extension=arrival.to_address if told else "",
        )

    async def reported(self, connection: str, receipt: Receipt) -> None:
        """Note what a network reports of a message; on disk on return. Raises StoreError."""
        done = await self.receipts.settle(connection, receipt)
        if not done.changes:
            return
        try:
            await self._disk.write(*done.changes)
        except StoreError:
            self.receipts.forget(connection, receipt.network_id)
            raise
        for message in done.follow:
            self._follow(message)

    def wake(self, connection: str, address: str | None = None) -> None:
        """Try again what waits for a connection, or for one recipient of it."""
        lane = self.lanes.get(connection)
        if lane is None:
            return
        if address is None:
            lane.wake(ahead=True)
            return
        try:
            written = self._disk.write(hasten(connection, address, self._clock()))
        except StoreError as error:
            _LOG.error("messages wait on", connection=connection, error=str(error))
            return
        written.add_done_callback(lambda _: lane.wake())

    # -- folders -----------------------------------------------------------------------------------

    async def wait_for(self, connection: str, address: str | None, timeout: float) -> str | None:
        """The text of the next message that `name@host` brings; None when none comes in time.

        A connection that is not ours brings nothing.
        """
        name, _, host = connection.partition("@")
        if host.lower() not in self._hosts:
            name = ""
        message = await self.waiting.wait_for(name, address, timeout)
        return None if message is None else message.text

    async def fetch(
        self, user: str, folder: str, limit: int, after: str = "leave"
    ) -> list[TextMessage]:
        """Messages of a folder, oldest first; what was marked does not come again.

        `after`: `delete` puts them into `deleted` (out of there they vanish), `mark` or `leave`.
        """
        found = await self._disk.list_folder(user, folder, limit=limit, fresh=True)
        if found and after == "delete":
            await self._delete(found)
        elif found and after == "mark":
            await self._disk.write(*(mark(message.id) for message in found))
        return found

    async def folder(self, user: str, folder: str, limit: int) -> list[TextMessage]:
        """Messages of a folder, oldest first, the marked ones as well."""
        return await self._disk.list_folder(user, folder, limit=limit)

    async def delete(self, user: str, folder: str, ids: Iterable[str]) -> list[str]:
        """Delete messages of a folder; the ids of those that were there."""
        found = await self._mine(user, folder, ids)
        await self._delete(found)
        return [message.id for message in found]

    async def mark(self, user: str, folder: str, ids: Iterable[str]) -> list[str]:
        """Mark messages of a folder as downloaded; the ids of those that were there."""
        found = await self._mine(user, folder, ids)
        if found:
            await self._disk.write(*(mark(message.id) for message in found))
        return [message.id for message in found]

    async def _mine(self, user: str, folder: str, ids: Iterable[str]) -> list[TextMessage]:
        wanted = list(dict.fromkeys(ids))
        found = await self._disk.find_messages(wanted)
        mine = (found[identity] for identity in wanted if identity in found)
        return [message for message in mine if message.user == user and message.folder == folder]

    async def _delete(self, found: Sequence[TextMessage]) -> None:
        if not found:
            return
        self._leave_alone(found)
        await self._disk.write(
            *(
                drop(message.id) if message.folder == "deleted" else move(message.id, "deleted")
                for message in found
            )
        )
        self._leave_alone(found)

    def _leave_alone(self, found: Sequence[TextMessage]) -> None:
        """Take deleted messages out of the queues: also those that were loaded meanwhile."""
        for message in found:
            if message.lane in self.lanes:
                self.lanes[message.lane].cancel(message.id)

    async def _purge(self) -> None:
        """Remove what is older than the settings keep."""
        while True:
            try:
                await self._disk.write(*drop_before(self._clock() - self.bounds.keep))
            except StoreError as error:
                _LOG.error("old messages not removed", error=str(error))
            await asyncio.sleep(PURGE_EVERY)

    def states(self) -> dict[str, ConnectionState]:
        """Whether each connection can carry messages."""
        return {name: connection.state for name, connection in self.connections.items()}


def _check(text: str, *lines: str) -> None:
    """Refuse what no connection could carry; line breaks in addresses would forge headers."""
    if len(text) > LONGEST_TEXT:
        raise MessageRefused(f"the text is longer than {LONGEST_TEXT} characters")
    if "\0" in text:
        raise MessageRefused("the text holds NUL")
    for line in lines[:2]:
        if len(line) > LONGEST_ADDRESS:
            raise MessageRefused(f"an address is longer than {LONGEST_ADDRESS} characters")
    for line in lines:
        if any(character < " " or character == "\x7f" for character in line):
            raise MessageRefused("an address or the subject holds control characters")


def _check_id(identity: str) -> None:
    if not 0 < len(identity) <= 64 or not identity.isascii() or not identity.isprintable():
        raise MessageRefused("expected an id of 1 to 64 printable characters")


__all__ = ["ADMIN", "FOLDERS", "Bounds", "Full", "Messages", "NoRoute", "Outgoing"]
