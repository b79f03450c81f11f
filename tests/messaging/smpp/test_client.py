"""What our client does when its centre misbehaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.smpp.pdu import Pdu, encode
from softswitch.messaging.smpp.tables import RESPONSE, CommandId
from tests.messaging.scene import state_of, until
from tests.messaging.smpp.scene import (
    Raw,
    bound,
    client_on,
)


async def test_a_centre_that_stops_answering(tmp_path: Path) -> None:
    silent = asyncio.Event()
    seen: list[Pdu] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = Raw(reader, writer)
        while (pdu := await raw.hear()) is not None:
            seen.append(pdu)
            if pdu.command == CommandId.BIND_TRANSCEIVER or silent.is_set():
                body = {"system_id": "mute", "message_id": f"m{pdu.sequence}"}
                answer = Pdu(pdu.command | RESPONSE, 0, pdu.sequence, body)
                writer.write(encode(answer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client_on(tmp_path, port, response_timeout=1) as (connection, ours):
        await bound(connection)
        identity = await ours.send(Outgoing(text="x", to_address="+361"))
        await until(lambda: not connection.state.up)
        silent.set()
        message = await state_of(ours, identity, "sent")
        assert message.attempts >= 2
        binds = [pdu for pdu in seen if pdu.command == CommandId.BIND_TRANSCEIVER]
        assert len(binds) >= 2
    server.close()
    await server.wait_closed()


async def test_at_most_once_where_that_is_wanted(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = Raw(reader, writer)
        while (pdu := await raw.hear()) is not None:
            if pdu.command == CommandId.BIND_TRANSCEIVER:
                writer.write(encode(Pdu(pdu.command | RESPONSE, 0, pdu.sequence)))
            elif pdu.command == CommandId.SUBMIT_SM:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client_on(tmp_path, port, resend_unanswered=False) as (connection, ours):
        await bound(connection)
        identity = await ours.send(Outgoing(text="x", to_address="+361"))
        message = await state_of(ours, identity, "failed")
        assert message.error.startswith("unknown:")
    server.close()
    await server.wait_closed()
