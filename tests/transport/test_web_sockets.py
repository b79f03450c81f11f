"""SIP over WebSocket: handshakes, messages in frames, pings, limits, and what breaks the rules."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from softswitch.http.connections import HttpLimits
from softswitch.http.server import HttpServer
from softswitch.http.web_sockets import WebSocketEntry
from softswitch.sip.effects import Flow
from softswitch.transport.places import Places
from softswitch.transport.web_sockets.connection import MOST_FRAGMENTS
from softswitch.transport.web_sockets.transport import WebSocketTransport
from tests.transport.core import OPTIONS, padded

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
HANDSHAKE = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Protocol": "sip",
}
QUICK = 0.005
"Seconds between two turns of pings, of which there are 28."


class Switch:
    """The transport, what it received, and what has gone."""

    def __init__(
        self,
        *,
        origins: tuple[str, ...] = (),
        places: Places | None = None,
        second: float = 1.0,
    ) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.gone: list[Flow] = []

        def server(transport: WebSocketTransport) -> HttpServer:
            entry = WebSocketEntry(transport, origins)
            routes = [web.get("/{path:.*}", entry.answer)]
            return HttpServer(("127.0.0.1", 0), routes, HttpLimits(header_timeout=0.5))

        self.transport = WebSocketTransport(
            "ws",
            ("127.0.0.1", 0),
            lambda data, flow: self.messages.put_nowait((data, flow)),
            places=places,
            second=second,
            gone=self.gone.append,
            listener=server,
        )

    async def message(self) -> tuple[bytes, Flow]:
        async with asyncio.timeout(5):
            return await self.messages.get()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.transport.local[1]}/"


@asynccontextmanager
async def listening(
    *, origins: tuple[str, ...] = (), places: Places | None = None, second: float = 1.0
) -> AsyncIterator[Switch]:
    switch = Switch(origins=origins, places=places, second=second)
    await switch.transport.open()
    try:
        yield switch
    finally:
        await switch.transport.close()


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    async with listening() as ours:
        yield ours


@asynccontextmanager
async def page(switch: Switch, **more: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket of a client that is not ours."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(switch.url, protocols=("sip",), compress=15, headers=more) as socket,
    ):
        yield socket


class Raw:
    """A socket whose octets the test writes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, mask: bool = True
    ) -> None:
        self.writer.write(frame(opcode, payload, fin=fin, mask=mask))

    async def receive(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        async with asyncio.timeout(5):
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        """The code with which the switch closes; then nothing comes any more."""
        opcode, payload = await self.receive()
        assert opcode == CLOSE, (opcode, payload)
        async with asyncio.timeout(5):
            assert await self.reader.read() == b""
        return int(struct.unpack("!H", payload[:2])[0])


def frame(opcode: int, payload: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    head = bytes([opcode | (0x80 if fin else 0)])
    bit, size = (0x80 if mask else 0), len(payload)
    if size < 126:
        head += bytes([size | bit])
    elif size < 65536:
        head += bytes([126 | bit]) + struct.pack("!H", size)
    else:
        head += bytes([127 | bit]) + struct.pack("!Q", size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(octet ^ key[place % 4] for place, octet in enumerate(payload))


async def connected(switch: Switch) -> Raw:
    return Raw(*await asyncio.open_connection("127.0.0.1", switch.transport.local[1]))


@asynccontextmanager
async def opened(switch: Switch) -> AsyncIterator[Raw]:
    """A WebSocket of raw frames."""
    raw = await connected(switch)
    assert (await shake(raw)).startswith("HTTP/1.1 101 ")
    try:
        yield raw
    finally:
        raw.writer.close()


async def shake(raw: Raw, method: str = "GET", version: str = "1.1", **headers: str | None) -> str:
    """The answer to a handshake in which these headers are others, or missing."""
    changed = {**HANDSHAKE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{name}: {value}" for name, value in changed.items() if value is not None]
    raw.writer.write("\r\n".join([f"{method} /any HTTP/{version}", *lines, "", ""]).encode())
    async with asyncio.timeout(5):
        return (await raw.reader.readuntil(b"\r\n\r\n")).decode()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


# -- the handshake ---------------------------------------------------------------------------------


async def test_the_sub_protocol_is_echoed_and_compression_declined(switch: Switch) -> None:
    raw = await connected(switch)
    answer = await shake(raw, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    assert answer.splitlines() == [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=",
        "Sec-WebSocket-Protocol: sip",
        "",
    ]
    raw.writer.close()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Sec_WebSocket_Protocol": None}, 400),
        ({"Sec_WebSocket_Protocol": "chat, xmpp"}, 400),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": "no base64"}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Upgrade": None}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Connection": "keep-alive"}, 426),
        ({"version": "1.0"}, 426),
        ({"method": "HEAD"}, 426),
        ({"method": "POST"}, 405),
    ],
)
async def test_another_handshake_is_refused(
    switch: Switch, changed: dict[str, str], status: int
) -> None:
    raw = await connected(switch)
    answer = await shake(raw, **changed)
    assert int(answer.split()[1]) == status
    if status == 426:
        assert "Upgrade: websocket" in answer
    assert not switch.transport.connections
    raw.writer.close()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://phone.example.org", 101),
        ("HTTPS://Phone.Example.org", 101),
        ("https://phone.example.org:8443", 403),
        ("http://phone.example.org", 403),
        ("https://evil.example", 403),
        ("null", 403),
        (None, 101),
    ],
)
async def test_only_pages_of_the_listed_origins_come_in(origin: str | None, status: int) -> None:
    async with listening(origins=("https://phone.example.org",)) as switch:
        raw = await connected(switch)
        assert int((await shake(raw, Origin=origin)).split()[1]) == status
        raw.writer.close()


async def test_without_a_list_any_page_comes_in(switch: Switch) -> None:
    raw = await connected(switch)
    assert (await shake(raw, Origin="https://anywhere.example")).startswith("HTTP/1.1 101 ")
    raw.writer.close()


async def test_a_handshake_that_does_not_come_ends(switch: Switch) -> None:
    raw = await connected(switch)
    raw.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webso")
    async with asyncio.timeout(5):
        assert (await raw.reader.read()).startswith(b"HTTP/1.1 408 ")
    raw.writer.close()


async def test_nobody_comes_in_before_the_switch_listens_or_after() -> None:
    async with listening() as switch:
        switch.transport.is_open = False
        raw = await connected(switch)
        answer = await shake(raw)
        assert answer.startswith("HTTP/1.1 503 ")
        assert "Retry-After: 10" in answer
        raw.writer.close()


# -- messages --------------------------------------------------------------------------------------


async def test_a_message_is_a_frame_each_way(switch: Switch) -> None:
    async with page(switch) as socket:
        assert socket.protocol == "sip"
        assert socket.compress == 0
        await socket.send_str(OPTIONS.decode())
        data, flow = await switch.message()
        assert data == OPTIONS
        assert (flow.transport, flow.local) == ("ws", switch.transport.local)
        switch.transport.send(b"SIP/2.0 200 OK\r\n\r\n", flow, None)
        answer = await socket.receive(5)
        assert (answer.type, answer.data) == (WSMsgType.TEXT, "SIP/2.0 200 OK\r\n\r\n")


async def test_binary_messages_are_taken_and_octets_that_are_no_text_are_sent_as_such(
    switch: Switch,
) -> None:
    async with page(switch) as socket:
        await socket.send_bytes(OPTIONS + b"\xff\x00")
        data, flow = await switch.message()
        assert data == OPTIONS + b"\xff\x00"
        switch.transport.send("SIP/2.0 200 Schön\r\n\r\n".encode(), flow, None)
        assert (await socket.receive(5)).data == "SIP/2.0 200 Schön\r\n\r\n"
        switch.transport.send(b"SIP/2.0 200 \xff\r\n\r\n", flow, None)
        answer = await socket.receive(5)
        assert (answer.type, answer.data) == (WSMsgType.BINARY, b"SIP/2.0 200 \xff\r\n\r\n")


async def test_fragments_are_joined_whatever_stands_between_them(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(TEXT, OPTIONS[:10], fin=False)
        raw.send(PING, b"between")
        raw.send(0, OPTIONS[10:20], fin=False)
        raw.send(0, OPTIONS[20:])
        assert await raw.receive() == (PONG, b"between")
        assert (await switch.message())[0] == OPTIONS


async def test_octets_may_come_one_by_one_and_many_frames_at_once(switch: Switch) -> None:
    async with opened(switch) as raw:
        for octet in frame(TEXT, OPTIONS):
            raw.writer.write(bytes([octet]))
            await raw.writer.drain()
        assert (await switch.message())[0] == OPTIONS
        raw.writer.write(b"".join(frame(TEXT, OPTIONS) for _ in range(20)))
        for _ in range(20):
            assert (await switch.message())[0] == OPTIONS


async def test_keep_alives_are_answered_and_line_ends_skipped(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(TEXT, b"\r\n\r\n")
        assert await raw.receive() == (TEXT, b"\r\n")
        raw.send(TEXT, b"\r\n")
        raw.send(TEXT, b"")
        raw.send(TEXT, b"\r\n" + OPTIONS)
        assert (await switch.message())[0] == OPTIONS


async def test_a_page_that_says_goodbye_takes_its_flow_along(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(TEXT, OPTIONS)
        _, flow = await switch.message()
        raw.send(CLOSE, struct.pack("!H", 1001))
        assert await raw.close_code() == 1001
        await until(lambda: switch.gone == [flow])
        assert not switch.transport.connections
        with pytest.raises(ConnectionResetError):
            switch.transport.send(OPTIONS, flow, None)


async def test_a_page_that_vanishes_takes_its_flow_along(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(TEXT, OPTIONS)
        _, flow = await switch.message()
    await until(lambda: switch.gone == [flow])


async def test_the_switch_says_goodbye_when_it_ends() -> None:
    async with listening() as switch, opened(switch) as raw:
        raw.send(TEXT, OPTIONS)
        await switch.message()
        await switch.transport.close()
        assert await raw.close_code() == 1001
        assert switch.gone == []


# -- what breaks the rules -------------------------------------------------------------------------


def too_long(raw: Raw) -> None:
    raw.send(TEXT, padded(65_537))


def announced_too_long(raw: Raw) -> None:
    raw.writer.write(b"\x81\xff" + struct.pack("!Q", 2**62) + b"mask")


def too_long_in_fragments(raw: Raw) -> None:
    raw.send(TEXT, padded(40_000), fin=False)
    raw.send(0, padded(40_000))


def endless_fragments(raw: Raw) -> None:
    raw.send(TEXT, b"x", fin=False)
    raw.writer.write(b"".join(frame(0, b"", fin=False) for _ in range(MOST_FRAGMENTS)))


def unmasked(raw: Raw) -> None:
    raw.send(TEXT, OPTIONS, mask=False)


def continuation_of_nothing(raw: Raw) -> None:
    raw.send(0, OPTIONS)


def message_inside_a_message(raw: Raw) -> None:
    raw.send(TEXT, b"OPTIONS", fin=False)
    raw.send(TEXT, OPTIONS)


def reserved_bits(raw: Raw) -> None:
    raw.writer.write(b"\xc1\x80mask")


def unknown_opcode(raw: Raw) -> None:
    raw.send(0x3, OPTIONS)


def fragmented_ping(raw: Raw) -> None:
    raw.send(PING, b"", fin=False)


def long_ping(raw: Raw) -> None:
    raw.send(PING, b"x" * 126)


def no_utf8(raw: Raw) -> None:
    raw.send(TEXT, OPTIONS + b"\xff")


def no_frames(raw: Raw) -> None:
    raw.writer.write(OPTIONS)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (too_long, 1009),
        (announced_too_long, 1009),
        (too_long_in_fragments, 1009),
        (endless_fragments, 1009),
        (unmasked, 1002),
        (continuation_of_nothing, 1002),
        (message_inside_a_message, 1002),
        (reserved_bits, 1002),
        (unknown_opcode, 1002),
        (fragmented_ping, 1002),
        (long_ping, 1002),
        (no_utf8, 1007),
        (no_frames, 1002),
    ],
)
async def test_frames_against_the_rules_close_their_web_socket(
    switch: Switch, wrong: Callable[[Raw], None], code: int
) -> None:
    async with opened(switch) as raw, page(switch) as socket:
        wrong(raw)
        assert await raw.close_code() == code
        await until(lambda: len(switch.transport.connections) == 1)
        assert switch.messages.empty()
        await socket.send_str(OPTIONS.decode())  # others go on
        assert (await switch.message())[0] == OPTIONS


async def test_the_largest_message_is_taken(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(TEXT, padded(65_536))
        assert (await switch.message())[0] == padded(65_536)


async def test_rubbish_in_frames_is_for_the_core_to_drop(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(BINARY, bytes(range(256)))
        raw.send(TEXT, OPTIONS)
        assert (await switch.message())[0] == bytes(range(256))
        assert (await switch.message())[0] == OPTIONS


async def test_a_page_that_does_not_read_is_closed(switch: Switch) -> None:
    async with opened(switch) as raw:
        raw.send(TEXT, OPTIONS)
        _, flow = await switch.message()
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                switch.transport.send(padded(60_000), flow, None)
        await until(lambda: not switch.transport.connections)


async def test_a_flood_of_pings_whose_answers_nobody_reads_is_closed(switch: Switch) -> None:
    async with opened(switch) as raw:
        flood = frame(PING, b"x" * 125) * 500
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                raw.writer.write(flood)
                await asyncio.wait_for(raw.writer.drain(), 5)
        await until(lambda: not switch.transport.connections)


# -- pings -----------------------------------------------------------------------------------------


async def test_a_page_that_answers_pings_stays() -> None:
    async with listening(second=QUICK) as switch, page(switch) as socket:
        reading = asyncio.create_task(socket.receive())  # answers pings
        await asyncio.sleep(28 * QUICK * 5)
        assert len(switch.transport.connections) == 1
        assert switch.transport.timed_out == 0
        reading.cancel()


async def test_a_page_without_pongs_is_lost_at_the_third_ping() -> None:
    async with listening(second=QUICK) as switch, opened(switch) as raw:
        raw.send(TEXT, OPTIONS)
        _, flow = await switch.message()
        assert await raw.receive() == (PING, b"")
        assert await raw.receive() == (PING, b"")
        async with asyncio.timeout(5):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await raw.receive()
        await until(lambda: switch.gone == [flow])
        assert switch.transport.timed_out == 1


# -- limits ----------------------------------------------------------------------------------------


async def test_silent_web_sockets_give_way_and_others_keep_newcomers_out() -> None:
    async with (
        listening(places=Places(connections=2)) as switch,
        opened(switch) as silent,
        opened(switch) as speaking,
    ):
        speaking.send(TEXT, OPTIONS)
        await switch.message()
        async with opened(switch) as newcomer:
            async with asyncio.timeout(5):
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await silent.reader.readexactly(1)
            assert switch.transport.gave_way == 1
            newcomer.send(TEXT, OPTIONS)
            await switch.message()
            refused = await connected(switch)
            assert (await shake(refused)).startswith("HTTP/1.1 503 ")
            assert switch.transport.refused == 1
            refused.writer.close()


async def test_one_address_has_a_bound_of_its_own() -> None:
    async with listening(places=Places(per_address=1)) as switch, opened(switch) as raw:
        raw.send(TEXT, OPTIONS)
        await switch.message()
        refused = await connected(switch)
        assert (await shake(refused)).startswith("HTTP/1.1 503 ")
        refused.writer.close()
    await until(lambda: not switch.transport.connections)
