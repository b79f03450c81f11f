"""All messages: accepted from commands and connections, carried by lanes, kept until they arrive.

Nothing is acknowledged before it is on disk: `send` and `arrived` return after the commit.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import structlog

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.messaging.connections.connection import (
    SIP,
    Arrival,
    Connection,
    ConnectionState,
    MessageRefused,
    Receipt,
)
from softswitch.messaging.connections.removed import RemovedConnection
from softswitch.messaging.delivery.delivery import Delivery
from softswitch.messaging.delivery.lane import Done, Lane
from softswitch.messaging.delivery.notices import Notice, Notices, Tell
from softswitch.messaging.delivery.receipts import Receipts
from softswitch.messaging.delivery.settlement import NOTIFIER
from softswitch.messaging.queue.arrivals import placed
from softswitch.messaging.queue.bounds import Bounds
from softswitch.messaging.queue.checks import check_content, check_id
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.folders import Folders
from softswitch.messaging.queue.outgoing import Outgoing, queued
from softswitch.messaging.queue.routes import Routes
from softswitch.messaging.queue.routing import MessageRouting
from softswitch.messaging.queue.waiting import Waiting
from softswitch.store.errors import StoreError
from softswitch.store.message_parts import drop_parts_before
from softswitch.store.messages import TextMessage, drop_before, hasten, insert_message

_LOG = structlog.get_logger("softswitch.messaging")

NOTIFIERS = 8
"Applications that are told at a time."
PURGE_EVERY = 3_600.0
"Seconds between two removals of old messages."


def _wake_hastened(lane: Lane, written: asyncio.Future[None]) -> None:
    """Let a lane look for messages that are due earlier than they were."""
    error = None if written.cancelled() else written.exception()
    if error is None:
        lane.wake()
    else:
        _wake_all(lane, error)


def _wake_all(lane: Lane, error: BaseException) -> None:
    """Let a lane try all that waits, because the disk does not take what is due earlier."""
    _LOG.error("messages not hastened", connection=lane.name, error=str(error))
    lane.wake(ahead=True)


async def _tell_nobody(notice: Notice) -> None:
    """There are no applications."""


class Messages:
    """All messages, the connections that carry them, and the scripts that wait for them."""

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
        """`kind_of`: the kind of the extension with a number; `hosts`: ours, besides localhost.

        `clock` tells seconds since 1970.
        """
        self.bounds = bounds or Bounds()
        self.connections = {connection.name: connection for connection in connections}
        self.waiting = Waiting()
        self.receipts = Receipts(disk, clock)
        self.accepted = 0
        self.arrivals = 0
        self.refused = 0
        "Messages that were not accepted."
        self._disk = disk
        self._routing = MessageRouting(routes, self.connections, kind_of, hosts)
        self._clock = clock
        self._purging: asyncio.Task[None] | None = None
        self.deliveries: dict[str, Delivery] = {}
        self.lanes: dict[str, Lane] = {}
        self.folders = Folders(disk, self.lanes)
        for connection in connections:
            self._add_lane(connection)
        notices = Notices(tell, self.bounds.backoff, clock)
        self.lanes[NOTIFIER] = Lane(
            NOTIFIER, disk, notices.attempt, self._follow, workers=NOTIFIERS, clock=clock
        )

    def _add_lane(self, connection: Connection) -> None:
        delivery = Delivery(connection, self.bounds.backoff, self._clock, self.receipts.taken)
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
        """Start the connections and continue what an earlier process left. Raises OSError."""
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

    def states(self) -> dict[str, ConnectionState]:
        """Whether each connection can carry messages."""
        return {name: connection.state for name, connection in self.connections.items()}

    # -- accepting ---------------------------------------------------------------------------------

    async def send(self, outgoing: Outgoing) -> str:
        """Accept a message; its id, once it is on disk.

        Raises NoRoute, MessageRefused for what cannot be a message, StoreError and Full when it
        cannot be kept.
        """
        try:
            check_content(outgoing)
            self._disk.check_room()
            identity = outgoing.id or str(uuid.uuid4())
            check_id(identity)
            if outgoing.id is not None:
                known = await self._disk.find_message(outgoing.id)
                if known is not None:
                    return self._again(known, outgoing)
            names, to_address = self._routing.way(outgoing)
        except MessageRefused:
            self.refused += 1
            raise
        sender = outgoing.from_address
        message = queued(
            outgoing,
            identity,
            names=names,
            to_address=to_address,
            extension=sender if self._routing.is_application(sender) else "",
            now=self._clock(),
            bounds=self.bounds,
        )
        await self._keep(message)
        return message.id

    def _again(self, known: TextMessage, outgoing: Outgoing) -> str:
        if known.user != (outgoing.user or self.bounds.user):
            raise MessageRefused("the id of the message is taken")
        return known.id

    async def arrived(self, arrival: Arrival) -> TextMessage:
        """Keep a message that a connection brings; on disk on return.

        Raises NoRoute where the recipient must be known and is not, MessageRefused, Full and
        StoreError.
        """
        try:
            check_content(arrival)
            self._disk.check_room()
            if arrival.origin is not None:
                known = await self._disk.find_origin(arrival.origin)
                if known is not None:
                    return known
            message = placed(arrival, self._routing, now=self._clock(), bounds=self.bounds)
        except MessageRefused:
            self.refused += 1
            raise
        await self._keep(message)
        return message

    async def _keep(self, message: TextMessage) -> None:
        """Write a message down; its lane has it on return. Raises StoreError, Full."""
        try:
            written = self._disk.write(insert_message(message))
        except StoreError:
            self.refused += 1
            raise
        written.add_done_callback(partial(self._kept, message))
        await asyncio.shield(written)

    def _kept(self, message: TextMessage, written: asyncio.Future[None]) -> None:
        """Let lanes and scripts have a message that is on disk, though its sender may have gone.

        Called in the order of the writes, so that no message overtakes an earlier one.
        """
        if written.cancelled() or written.exception() is not None:
            self.refused += 1
            return
        self.accepted += 1
        if message.next_at is not None:
            self.lanes[message.lane].put(message)
        if message.from_connection:
            self.arrivals += 1
            if message.folder == "inbox" or message.from_connection != SIP:
                self.waiting.arrived(message)

    def _follow(self, message: TextMessage) -> None:
        lane = self.lanes.get(message.lane)
        if lane is not None:
            lane.put(message)

    # -- reports of connections --------------------------------------------------------------------

    async def reported(self, connection: str, receipt: Receipt) -> None:
        """Record a report of a network about a message; on disk on return. Raises StoreError."""
        done = await self.receipts.settle(connection, receipt)
        if not done.changes:
            return
        try:
            written = self._disk.write(*done.changes)
        except StoreError:
            self.receipts.forget(connection, receipt.network_id)
            raise
        written.add_done_callback(partial(self._settled, connection, receipt, done))
        await asyncio.shield(written)

    def _settled(
        self, connection: str, receipt: Receipt, done: Done, written: asyncio.Future[None]
    ) -> None:
        """Go on with what follows from a report on disk, though its bringer may have gone."""
        if written.cancelled() or written.exception() is not None:
            self.receipts.forget(connection, receipt.network_id)
            return
        for message in done.follow:
            self._follow(message)

    def wake(self, connection: str, address: str | None = None) -> None:
        """Try the messages again that wait for a connection, or for one of its recipients."""
        lane = self.lanes.get(connection)
        if lane is None:
            return
        if address is None:
            lane.wake(ahead=True)
            return
        try:
            written = self._disk.write(hasten(connection, address, self._clock()))
        except StoreError as error:
            _wake_all(lane, error)
        else:
            written.add_done_callback(partial(_wake_hastened, lane))

    # -- scripts that wait, and old messages -------------------------------------------------------

    async def wait_for(self, connection: str, address: str | None, timeout: float) -> str | None:
        """The text of the next message that `name@host` brings; None when none comes in time.

        A connection that is not ours brings nothing.
        """
        name = self._routing.own_name(connection) or ""
        message = await self.waiting.wait_for(name, address, timeout)
        return None if message is None else message.text

    async def _purge(self) -> None:
        """Remove messages that are older than the settings keep."""
        while True:
            before = self._clock() - self.bounds.keep
            try:
                await self._disk.write(drop_before(before), drop_parts_before(before))
            except StoreError as error:
                _LOG.error("old messages not removed", error=str(error))
            await asyncio.sleep(PURGE_EVERY)
