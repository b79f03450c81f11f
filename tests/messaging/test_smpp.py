"""SMPP over loopback: against ourselves, against foreign clients and servers, and bad peers."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.gsm

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.queue.messages import Messages, Outgoing
from softswitch.messaging.queue.routes import Rule
from softswitch.messaging.smpp.client import Centre, SmppConnection
from softswitch.messaging.smpp.pdu import Pdu, decode, encode
from softswitch.messaging.smpp.server import EsmeAccount, ServerLimits, SmppServer
from softswitch.messaging.smpp.tables import RESPONSE, CommandId, CommandStatus
from softswitch.store.database.errors import StoreError
from tests.messaging.centre import ForeignCentre
from tests.messaging.scene import FakeConnection, messages_on, state_of, until
from tests.system.program import free_port

TEXTS = [
    "",
    "hello",
    "héllo € {}[]~",
    "日本語",
    "👩‍👩‍👧‍👦" * 20,
    "שלום עולם",
    "x" * 1000,
    "я" * 300,
    "one\r\ntwo",
]


class Disk:
    """Takes the disk of a `Messages` that is made after the connections."""

    def __init__(self) -> None:
        self.messages: Messages | None = None

    def __getattr__(self, name: str) -> Any:
        assert self.messages is not None
        return getattr(self.messages._disk, name)


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
    disk = Disk()
    limits = more.pop("limits", ServerLimits(response_timeout=2.0))
    server = SmppServer(
        "smsc", ("127.0.0.1", 0), [account(), EsmeAccount("two", "pw")], disk, limits=limits, **more
    )
    out = FakeConnection("out")
    rules = rules or (Rule(("out",), to="+36*", source="smsc"),)
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    connections = [server, out]
    messages_context = messages_on(folder, connections, *rules)
    async with _bound(messages_context, disk) as messages:
        yield server, messages, out


@asynccontextmanager
async def _bound(context: Any, disk: Disk) -> AsyncIterator[Messages]:
    original = Messages.start

    async def start(self: Messages) -> None:
        disk.messages = self
        await original(self)

    Messages.start = start  # type: ignore[method-assign]
    try:
        async with context as messages:
            Messages.start = original  # type: ignore[method-assign]
            yield messages
    finally:
        Messages.start = original  # type: ignore[method-assign]


@asynccontextmanager
async def client_on(
    folder: Path, port: int, **more: Any
) -> AsyncIterator[tuple[SmppConnection, Messages]]:
    """Our client, bound to a centre."""
    disk = Disk()
    connection = SmppConnection("sms", centre(port, **more), disk)
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    async with _bound(messages_on(folder, [connection]), disk) as messages:
        yield connection, messages


async def bound(connection: SmppConnection) -> None:
    await until(lambda: connection.state.up)


# -- our client and our server -----------------------------------------------------------------


@pytest.mark.parametrize("long_messages", ["udh", "payload"])
async def test_texts_go_through_whole_and_receipts_come_back(
    tmp_path: Path, long_messages: str
) -> None:
    async with (
        server_on(tmp_path / "server") as (server, theirs, out),
        client_on(tmp_path / "client", server.listen[1], long_messages=long_messages) as (_, ours),
    ):
        ids = [await ours.send(Outgoing(text=text, recipient="+361")) for text in TEXTS]
        sent = await out.until_sent(len(TEXTS))
        assert sorted(message.text for message in sent) == sorted(TEXTS)
        assert {message.to_address for message in sent} == {"+361"}
        for message in sent:
            await state_of(theirs, message.id, "sent")
            await theirs.reported("out", _delivered(message.id))
        for identity in ids:
            message = await state_of(ours, identity, "delivered")
            assert message.delivered_at is not None
        assert server.counts.bad == 0


def _delivered(identity: str) -> Receipt:
    return Receipt(identity, "delivered")


async def test_texts_come_in_whole(tmp_path: Path) -> None:
    async with (
        server_on(tmp_path / "server") as (server, theirs, _),
        client_on(tmp_path / "client", server.listen[1]) as (connection, ours),
    ):
        await bound(connection)
        for text in TEXTS:
            await theirs.send(Outgoing(text=text, connection="smsc", recipient="+491"))
        async with asyncio.timeout(5):
            while len(await ours.folder("admin", "inbox", 100)) < len(TEXTS):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        found = await ours.folder("admin", "inbox", 100)
        assert sorted(message.text for message in found) == sorted(TEXTS)
        assert {message.from_connection for message in found} == {"sms"}


async def test_tls(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"),
        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0
    ours_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours_tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with server_on(tmp_path / "server", tls=ours_tls) as (server, _, out):
        port = server.listen[1]
        async with client_on(tmp_path / "client", port, tls=trusting) as (_, ours):
            await ours.send(Outgoing(text="secret", recipient="+361"))
            await out.until_sent(1)
        wary = ssl.create_default_context()
        async with client_on(tmp_path / "wary", port, tls=wary) as (connection, _):
            await until(lambda: "certificate" in connection.state.detail.lower())
            assert not connection.state.up


async def test_a_wrong_password_is_refused_and_said(tmp_path: Path) -> None:
    async with (
        server_on(tmp_path / "server") as (server, _, out),
        client_on(tmp_path / "client", server.listen[1], password="wrong") as (connection, ours),
    ):
        identity = await ours.send(Outgoing(text="x", recipient="+361"))
        await until(lambda: "RINVPASWD" in connection.state.detail)
        assert server.refused_binds >= 1
        assert (await state_of(ours, identity, "queued")).text == "x"
        assert out.sent == []


async def test_a_centre_that_comes_back_gets_what_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softswitch.messaging.smpp.client.PATIENCE_FOR_LINK", 0.01)
    async with server_on(tmp_path / "server") as (server, _, _):
        port = server.listen[1]
    async with client_on(tmp_path / "client", port) as (connection, ours):
        ids = [await ours.send(Outgoing(text=f"{n}", recipient="+361")) for n in range(5)]
        await until(lambda: "failed" in connection.state.detail)
        disk = Disk()
        server = SmppServer("smsc", ("127.0.0.1", port), [account()], disk)
        out = FakeConnection("out")
        rule = Rule(("out",), source="smsc")
        async with _bound(messages_on(tmp_path / "server", [server, out], rule), disk):
            for identity in ids:
                await state_of(ours, identity, "sent")
            assert sorted(message.text for message in out.sent) == ["0", "1", "2", "3", "4"]


async def test_a_full_disk_of_the_server_loses_nothing(tmp_path: Path) -> None:
    async with (
        server_on(tmp_path / "server") as (server, theirs, out),
        client_on(tmp_path / "client", server.listen[1]) as (_, ours),
    ):
        write = theirs._disk._store.write
        refusals = [3]

        def full(*changes: object) -> Any:
            if refusals[0]:
                refusals[0] -= 1
                raise StoreError("disk full")
            return write(*changes)  # type: ignore[arg-type]

        theirs._disk.write = full  # type: ignore[method-assign]
        identity = await ours.send(Outgoing(text="x", recipient="+361"))
        message = await state_of(ours, identity, "sent")
        assert message.attempts > 1
        await out.until_sent(1)
        assert len(out.sent) == 1


# -- foreign peers -----------------------------------------------------------------------------


def submit_with_smpplib(port: int, text: str, results: dict[str, Any]) -> None:
    """A foreign client in a thread: binds, submits, waits for the receipt, unbinds."""
    client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
    client.set_message_sent_handler(
        lambda pdu: results.setdefault("ids", []).append(pdu.message_id.decode())
    )
    client.set_message_received_handler(
        lambda pdu: results.setdefault("received", []).append(
            (pdu.esm_class, pdu.short_message, pdu.receipted_message_id)
        )
    )
    client.connect()
    client.bind_transceiver(system_id="switch", password="secret")
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL, source_addr="491",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL, destination_addr="361",
            short_message=part, data_coding=coding, esm_class=esm_class, registered_delivery=True,
        )  # fmt: skip
    while len(results.get("received", ())) < results["wanted"]:
        client.read_once()
    client.unbind()
    client.disconnect()


@pytest.mark.parametrize("text", ["hello from afar", "long " * 80, "эхо" * 60])
async def test_a_foreign_client_submits_to_us(tmp_path: Path, text: str) -> None:
    async with server_on(tmp_path) as (server, theirs, out):
        count = len(smpplib.gsm.make_parts(text)[0])
        results: dict[str, Any] = {"wanted": count + 1}
        foreign = asyncio.create_task(
            asyncio.to_thread(submit_with_smpplib, server.listen[1], text, results)
        )
        (message,) = await out.until_sent(1)
        assert (message.text, message.from_address, message.to_address) == (text, "+491", "+361")
        await state_of(theirs, message.id, "sent")
        await theirs.send(Outgoing(text="back", connection="smsc", recipient="+491"))
        await theirs.reported("out", _delivered(message.id))
        await asyncio.wait_for(foreign, 10)
        receipts = [entry for entry in results["received"] if entry[0] & 4]
        assert sorted(entry[2].rstrip(b"\0").decode() for entry in receipts) == sorted(
            results["ids"]
        )
        assert [entry[1] for entry in results["received"] if not entry[0] & 4] == [b"back"]


@pytest.fixture
def port() -> int:
    return free_port()


async def test_we_submit_to_a_foreign_centre(tmp_path: Path, port: int) -> None:
    async with (
        ForeignCentre(port) as foreign,
        client_on(tmp_path, port, source="1000") as (connection, ours),
    ):
        await bound(connection)
        foreign.throttle = 2
        identity = await ours.send(Outgoing(text="héllo €", recipient="+3612345"))
        message = await state_of(ours, identity, "sent")
        assert message.attempts == 1
        submitted = foreign.submitted[0]
        assert submitted.destination_addr == "3612345"
        await foreign.deliver(b"id:net-1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:", esm_class=4)
        await state_of(ours, identity, "delivered")
        await foreign.deliver(b"\x04\x3f", source="77", data_coding=8)
        (inbox,) = await ours.folder("admin", "inbox", 10)
        assert (inbox.text, inbox.from_address) == ("п", "77")


# -- bad peers ---------------------------------------------------------------------------------


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
        async with asyncio.timeout(5):
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


@pytest.mark.parametrize("length", [0, 4, 15, 80_000, 0xFFFFFFFF])
async def test_a_corrupt_length_ends_the_connection(tmp_path: Path, length: int) -> None:
    async with server_on(tmp_path) as (server, _, _):
        raw = await Raw.connect(server.listen[1])
        raw.writer.write(length.to_bytes(4) + b"\0" * 12)
        nack = await raw.hear()
        assert nack is not None
        assert (nack.command, nack.status) == (0x80000000, CommandStatus.RINVCMDLEN)
        assert await raw.hear() is None
        assert server.counts.bad == 1
        await raw.close()


async def test_bad_requests_are_answered_with_their_own_status(tmp_path: Path) -> None:
    async with server_on(tmp_path) as (server, _, out):
        raw = await Raw.connect(server.listen[1], bind=False)
        assert (await raw.ask(CommandId.SUBMIT_SM, SUBMIT)).status == CommandStatus.RINVBNDSTS
        unknown = await raw.ask(CommandId.BIND_TRANSCEIVER, {"system_id": "nobody"})
        assert unknown.status == CommandStatus.RINVSYSID
        login = {"system_id": "switch", "password": "secret"}
        assert (await raw.ask(CommandId.BIND_TRANSMITTER, login)).status == CommandStatus.ROK
        assert (await raw.ask(CommandId.BIND_TRANSMITTER, login)).status == CommandStatus.RALYBND
        raw.writer.write(b"\0\0\0\x10\0\0\x09\x99\0\0\0\0\0\0\0\x09")
        nack = await raw.hear()
        assert nack is not None
        assert (nack.command, nack.status, nack.sequence) == (
            0x80000000,
            CommandStatus.RINVCMDID,
            9,
        )
        nowhere = await raw.ask(CommandId.SUBMIT_SM, {**SUBMIT, "destination_addr": "49"})
        assert nowhere.status == CommandStatus.RINVDSTADR
        late = await raw.ask(CommandId.SUBMIT_SM, {**SUBMIT, "schedule_delivery_time": "tomorrow"})
        assert late.status == CommandStatus.RINVSCHED
        over = await raw.ask(CommandId.SUBMIT_SM, {**SUBMIT, "validity_period": "200101000000000+"})
        assert over.status == CommandStatus.RINVEXPIRY
        assert (await raw.ask(CommandId.ENQUIRE_LINK)).status == CommandStatus.ROK
        assert (await raw.ask(CommandId.SUBMIT_SM, SUBMIT)).status == CommandStatus.ROK
        await out.until_sent(1)
        assert (await raw.ask(CommandId.UNBIND)).command == CommandId.UNBIND | RESPONSE
        await raw.close()


async def test_a_window_overrun_is_throttled_and_duplicates_are_one(tmp_path: Path) -> None:
    limits = ServerLimits(window=5)
    async with server_on(tmp_path, limits=limits) as (server, theirs, _):
        raw = await Raw.connect(server.listen[1])
        for _ in range(3):
            raw.say(CommandId.SUBMIT_SM, SUBMIT, sequence=50)
        raw.say(CommandId.SUBMIT_SM, {**SUBMIT, "short_message": b"other"}, sequence=50)
        for _ in range(20):
            raw.say(CommandId.SUBMIT_SM, SUBMIT)
        statuses = []
        async with asyncio.timeout(5):
            for _ in range(22):
                answer = await raw.hear()
                assert answer is not None
                statuses.append((answer.sequence, answer.status))
        accepted = [sequence for sequence, status in statuses if status == CommandStatus.ROK]
        assert len(accepted) == 5
        assert accepted.count(50) == 1
        assert (50, CommandStatus.RSYSERR) in statuses
        assert [status for _, status in statuses].count(CommandStatus.RTHROTTLED) == 16
        assert (server.counts.duplicates, server.counts.throttled) == (3, 16)
        assert theirs.arrivals == 5
        await raw.close()


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
    async with client_on(tmp_path, port, response_timeout=0.3) as (connection, ours):
        await bound(connection)
        identity = await ours.send(Outgoing(text="x", recipient="+361"))
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
        identity = await ours.send(Outgoing(text="x", recipient="+361"))
        message = await state_of(ours, identity, "failed")
        assert message.error.startswith("unknown:")
    server.close()
    await server.wait_closed()


async def test_an_account_that_is_not_bound_gets_its_message_later(tmp_path: Path) -> None:
    async with server_on(tmp_path) as (server, theirs, _):
        identity = await theirs.send(Outgoing(text="later", connection="smsc", recipient="+491"))
        await asyncio.sleep(0.05)
        raw = await Raw.connect(server.listen[1])
        delivered = await raw.hear()
        assert delivered is not None
        assert (delivered.command, delivered.octets("short_message")) == (5, b"later")
        raw.writer.write(encode(Pdu(CommandId.DELIVER_SM | RESPONSE, 0, delivered.sequence)))
        await state_of(theirs, identity, "delivered")
        await raw.close()


async def test_parts_that_were_acknowledged_survive_a_restart(tmp_path: Path) -> None:
    parts = [b"\x05\x00\x03\x07\x02" + bytes([n]) + text for n, text in ((1, b"one "), (2, b"two"))]
    async with server_on(tmp_path) as (server, _, _):
        raw = await Raw.connect(server.listen[1])
        answer = await raw.ask(
            CommandId.SUBMIT_SM, {**SUBMIT, "esm_class": 0x40, "short_message": parts[1]}
        )
        assert answer.status == CommandStatus.ROK
        await raw.close()
    async with server_on(tmp_path) as (server, _, out):
        raw = await Raw.connect(server.listen[1])
        answer = await raw.ask(
            CommandId.SUBMIT_SM, {**SUBMIT, "esm_class": 0x40, "short_message": parts[0]}
        )
        assert answer.status == CommandStatus.ROK
        (message,) = await out.until_sent(1)
        assert message.text == "one two"
        await raw.close()


async def test_noise_ends_connections_and_nothing_else(tmp_path: Path) -> None:
    noise = random.Random(7)
    async with server_on(tmp_path) as (server, _, out):
        for number in range(40):
            raw = await Raw.connect(server.listen[1], bind=False)
            octets = noise.randbytes(noise.randrange(1, 400))
            if number % 2:
                octets = (len(octets) + 4).to_bytes(4) + octets
            raw.writer.write(octets)
            raw.writer.write_eof()
            while await raw.hear() is not None:
                pass
            await raw.close()
        raw = await Raw.connect(server.listen[1])
        assert (await raw.ask(CommandId.SUBMIT_SM, SUBMIT)).status == CommandStatus.ROK
        await out.until_sent(1)
        await raw.close()
