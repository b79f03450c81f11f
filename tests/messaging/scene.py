"""Messages over a real store, with connections that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from softswitch.messaging.connections.connection import ConnectionState, Hub, Sent
from softswitch.messaging.delivery.backoff import BackOff
from softswitch.messaging.delivery.notices import Notice
from softswitch.messaging.queue.bounds import Bounds
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.routes import Routes, Rule
from softswitch.store.messages import TextMessage
from softswitch.store.store import Store


class FakeConnection:
    """Takes what it is given, after raising what it was told to raise."""

    def __init__(self, name: str, kind: str = "smpp", *, window: int = 4) -> None:
        self.name = name
        self.kind = kind
        self.window = window
        self.state = ConnectionState(True)
        self.sent: list[TextMessage] = []
        self.raises: list[Exception] = []
        self.answers: Callable[[TextMessage], Sent] = lambda message: Sent((message.id,))
        self.arrived = asyncio.Event()
        self.hub: Hub | None = None

    async def start(self, hub: Hub) -> None:
        self.hub = hub

    async def stop(self) -> None:
        self.hub = None

    async def send(self, message: TextMessage) -> Sent:
        await asyncio.sleep(0)
        if self.raises:
            raise self.raises.pop(0)
        self.sent.append(message)
        self.arrived.set()
        return self.answers(message)

    async def until_sent(self, count: int) -> list[TextMessage]:
        """Wait until so many messages have been sent."""
        async with asyncio.timeout(30):
            while len(self.sent) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.sent


class Listener:
    """An application that keeps what it is told."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.raises: list[Exception] = []
        self.told = asyncio.Event()

    async def __call__(self, notice: Notice) -> None:
        if self.raises:
            raise self.raises.pop(0)
        self.notices.append(notice)
        self.told.set()


_NEW: list[bytes] = []


async def _new_database() -> bytes:
    """An empty database: copying it is faster than migrating one for each test."""
    if not _NEW:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "new.db"
            await (await Store.open(f"sqlite:///{path}", path.with_suffix(".spool"))).close()
            _NEW.append(path.read_bytes())
    return _NEW[0]


@asynccontextmanager
async def messages_on(
    folder: Path,
    connections: Sequence[Any] | Callable[[MessageDisk], Sequence[Any]],
    *rules: Rule,
    reserve: int = 0,
    backoff: BackOff | None = None,
    **more: Any,
) -> AsyncIterator[Messages]:
    """Running messages on the database of that folder."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    path = folder / "switch.db"
    if not path.exists():
        path.write_bytes(await _new_database())
    store = await Store.open(f"sqlite:///{path}", path.with_suffix(".spool"))
    disk = MessageDisk(store, reserve)
    made = connections(disk) if callable(connections) else connections
    messages = Messages(
        disk,
        made,
        Routes(rules, [(part.name, part.kind) for part in made]),
        bounds=Bounds(backoff=backoff or BackOff(0.01, 0.05)),
        **more,
    )
    await messages.start()
    try:
        yield messages
    finally:
        await messages.stop()
        await store.close()


async def state_of(messages: Messages, message_id: str, *wanted: str) -> TextMessage:
    """The message, once it is in one of these states."""
    async with asyncio.timeout(30):
        while True:
            message = await messages._disk.find_message(message_id)
            assert message is not None
            if message.state in wanted:
                return message
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition holds that no event tells of."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
