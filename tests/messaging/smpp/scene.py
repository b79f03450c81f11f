"""Our SMS centre, our client and a peer that says what it likes, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.routes import Rule
from softswitch.messaging.smpp.client import Centre, SmppConnection
from softswitch.messaging.smpp.pdu import Pdu, decode, encode
from softswitch.messaging.smpp.server import EsmeAccount, ServerLimits, SmppServer
from softswitch.messaging.smpp.tables import CommandId, CommandStatus
from tests.messaging.scene import FakeConnection, messages_on, until


def centre(port: int, **more: Any) -> Centre:
    return Centre(
        **{
            "host": "127.0.0.1", "port": port, "system_id": "switch", "password": "secret",
            "response_timeout": 2.0, "enquire_interval": 20.0, **more,
        }
    )  # fmt: skip


def account(**more: Any) -> EsmeAccount:
    return EsmeAccount("switch", "secret", more.pop("numbers", ("+49*",)))


@asynccontextmanager
async def server_on(
    folder: Path, *rules: Rule, **more: Any
) -> AsyncIterator[tuple[SmppServer, Messages, FakeConnection]]:
    """Our SMS centre, with a connection `out` behind it."""
    listen = ("127.0.0.1", more.pop("port", 0))
    limits = more.pop("limits", ServerLimits(response_timeout=2.0))
    accounts = [account(), EsmeAccount("two", "pw")]
    out = FakeConnection("out")

    def connections(disk: MessageDisk) -> list[Any]:
        return [SmppServer("smsc", listen, accounts, disk, limits=limits, **more), out]

    rules = rules or (Rule(("out",), to="+36*", source="smsc"),)
    async with messages_on(folder, connections, *rules) as messages:
        server = messages.connections["smsc"]
        assert isinstance(server, SmppServer)
        yield server, messages, out


@asynccontextmanager
async def client_on(
    folder: Path, port: int, **more: Any
) -> AsyncIterator[tuple[SmppConnection, Messages]]:
    """Our client, bound to a centre."""

    def connections(disk: MessageDisk) -> list[Any]:
        return [SmppConnection("sms", centre(port, **more), disk)]

    async with messages_on(folder, connections) as messages:
        connection = messages.connections["sms"]
        assert isinstance(connection, SmppConnection)
        yield connection, messages


async def bound(connection: SmppConnection) -> None:
    """Wait until it is bound."""
    await until(lambda: connection.state.up)


def delivered(identity: str) -> Receipt:
    return Receipt(identity, "delivered")


class Raw:
    """A peer that says whatever it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.sequence = 0

    @classmethod
    async def connect(cls, port: int, *, password: str = "secret", bind: bool = True) -> Raw:
        raw = cls(*await asyncio.open_connection("127.0.0.1", port))
        if bind:
            answer = await raw.ask(
                CommandId.BIND_TRANSCEIVER, {"system_id": "switch", "password": password}
            )
            assert answer.status == CommandStatus.ROK
        return raw

    def say(self, command: int, body: dict[str, Any] | None = None, sequence: int = 0) -> int:
        self.sequence += 1
        number = sequence or self.sequence
        self.writer.write(encode(Pdu(command, 0, number, body or {})))
        return number

    async def hear(self) -> Pdu | None:
        async with asyncio.timeout(30):
            try:
                head = await self.reader.readexactly(4)
                return decode(head + await self.reader.readexactly(int.from_bytes(head) - 4))
            except (asyncio.IncompleteReadError, ConnectionError):
                return None

    async def ask(self, command: int, body: dict[str, Any] | None = None) -> Pdu:
        self.say(command, body)
        answer = await self.hear()
        assert answer is not None
        return answer

    async def close(self) -> None:
        self.writer.close()


SUBMIT = {"source_addr": "1", "destination_addr": "361", "dest_addr_ton": 1, "short_message": b"x"}
