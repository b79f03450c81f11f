"""SIP over TLS on loopback: messages, handshakes good and bad, and who the far end proves to be."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from softswitch.sip.effects import Flow
from softswitch.transport.certificates import CertificateError, Certificates, Trust
from softswitch.transport.places import Places
from softswitch.transport.tls import Peer, TlsLimits, TlsTransport
from tests.certificates import OTHER, files, trusting, write_ca
from tests.transport.core import OPTIONS, padded

HOST = "127.0.0.1"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class SecureSwitch:
    """A transport and what it received."""

    def __init__(
        self,
        folder: Path,
        peers: dict[str, Peer] | None = None,
        clients: str = "optional",
        places: Places | None = None,
        **limits: float,
    ) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.gone: asyncio.Queue[Flow] = asyncio.Queue()
        own = files(folder, "switch", "switch.example.org")
        self.certificates = Certificates([own], ca=write_ca(folder), clients=clients)
        bounds = {"connect_timeout": 1.0, "sweep": 0.02, **limits}
        self.tls = TlsTransport(
            HOST,
            0,
            lambda data, flow: self.messages.put_nowait((data, flow)),
            self.certificates,
            peers=peers,
            limits=TlsLimits(**bounds),  # type: ignore[arg-type]
            places=places,
            gone=self.gone.put_nowait,
        )

    async def connect(self, context: ssl.SSLContext | None = None) -> Streams:
        return await asyncio.open_connection(*self.tls.local, ssl=context or trusting())

    async def plain(self) -> Streams:
        """A connection that says nothing of TLS by itself."""
        return await asyncio.open_connection(*self.tls.local)


@asynccontextmanager
async def opened(switch: SecureSwitch) -> AsyncIterator[SecureSwitch]:
    await switch.tls.open()
    try:
        async with asyncio.timeout(20):
            yield switch
    finally:
        await switch.tls.close()
        await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def switch(tmp_path: Path) -> AsyncIterator[SecureSwitch]:
    async with opened(SecureSwitch(tmp_path, handshake_timeout=0.3)) as one:
        yield one


async def closed(streams: Streams) -> bytes:
    """Everything up to the end of the connection."""
    reader, writer = streams
    try:
        async with asyncio.timeout(5):
            rest = await reader.read()
    except (ConnectionResetError, ssl.SSLError):
        rest = b""
    writer.close()
    return rest


def hello() -> bytes:
    """The first flight of a client."""
    upward = ssl.MemoryBIO()
    client = trusting().wrap_bio(ssl.MemoryBIO(), upward)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return upward.read()


# ---------------------------------------------------------------------- messages


async def test_messages_come_and_go_by_one_connection(switch: SecureSwitch) -> None:
    reader, writer = await switch.connect()
    writer.write(OPTIONS + padded(60_000))
    first, flow = await switch.messages.get()
    second, _ = await switch.messages.get()
    assert (first, second) == (OPTIONS, padded(60_000))
    assert flow == Flow("tls", switch.tls.local, writer.get_extra_info("sockname"))
    switch.tls.send(padded(50_000), flow)
    assert await reader.readexactly(50_000) == padded(50_000)
    assert switch.tls.handshakes == 1
    writer.close()


async def test_a_double_line_end_is_answered_with_one(switch: SecureSwitch) -> None:
    reader, writer = await switch.connect()
    writer.write(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\r\n"
    writer.close()


async def test_a_phone_that_hangs_up_is_told_of_and_never_called_back(
    switch: SecureSwitch,
) -> None:
    _, writer = await switch.connect()
    writer.write(OPTIONS)
    _, flow = await switch.messages.get()
    writer.close()
    assert await switch.gone.get() == flow
    with pytest.raises(OSError, match="closed its connection"):
        switch.tls.send(OPTIONS, flow)
    with pytest.raises(OSError, match="closed its connection"):
        switch.tls.send(OPTIONS.replace(b"OPTIONS sip:switch", b"SIP/2.0 200"), flow)
    assert not switch.tls.connections


async def test_a_handshake_in_single_octets_succeeds(switch: SecureSwitch) -> None:
    reader, writer = await switch.plain()
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(downward, upward)
    is_over = False
    while not is_over:
        try:
            client.do_handshake()
            is_over = True
        except ssl.SSLWantReadError:
            pass
        for octet in upward.read():
            writer.write(bytes((octet,)))
            await writer.drain()
        if not is_over:
            downward.write(await reader.read(1))
    client.write(OPTIONS)
    writer.write(upward.read())
    assert (await switch.messages.get())[0] == OPTIONS
    writer.close()


async def test_a_message_may_come_with_the_end_of_the_handshake(switch: SecureSwitch) -> None:
    reader, writer = await switch.plain()
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(downward, upward)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    writer.write(upward.read())
    while True:
        downward.write(await reader.read(4096))
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            continue
    client.write(OPTIONS)
    writer.write(upward.read())
    assert (await switch.messages.get())[0] == OPTIONS
    writer.close()


async def test_a_new_certificate_is_shown_and_the_open_connection_goes_on(
    switch: SecureSwitch, tmp_path: Path
) -> None:
    reader, writer = await switch.connect()
    writer.write(OPTIONS)
    _, flow = await switch.messages.get()
    files(tmp_path, "switch", "new.example.org")
    switch.certificates.reload()
    named = trusting()
    named.check_hostname = True
    _, later = await asyncio.open_connection(
        *switch.tls.local, ssl=named, server_hostname="new.example.org"
    )
    switch.tls.send(OPTIONS, flow)
    assert await reader.readexactly(len(OPTIONS)) == OPTIONS
    writer.close()
    later.close()


async def test_our_goodbye_is_one_of_tls(tmp_path: Path) -> None:
    """A stream that ends without it could have been cut by anybody."""
    async with opened(SecureSwitch(tmp_path)) as switch:
        reader, writer = await switch.plain()
        upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting().wrap_bio(downward, upward)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        writer.write(upward.read())
        downward.write(await reader.read(8192))
        client.do_handshake()
        client.write(OPTIONS)
        writer.write(upward.read())
        await switch.messages.get()
        await switch.tls.close()
        downward.write(await reader.read())
        assert client.read() == b""
        writer.close()


# ---------------------------------------------------------------------- bad handshakes


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        OPTIONS,
        bytes(range(256)) * 40,
        b"\x16\x03\x01\xff\xff" + b"\x01" * 1000,
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
    ids=["zeros", "http", "sip", "octets", "large", "alert"],
)
async def test_rubbish_ends_the_connection(switch: SecureSwitch, rubbish: bytes) -> None:
    streams = await switch.plain()
    streams[1].write(rubbish)
    await closed(streams)
    assert switch.tls.failures == 1
    assert not switch.tls.connections
    assert switch.messages.empty()


@pytest.mark.parametrize("sent", [0, 1, 5, 100, -1], ids=lambda sent: f"{sent} octets")
async def test_half_a_handshake_is_closed_in_time(switch: SecureSwitch, sent: int) -> None:
    streams = await switch.plain()
    streams[1].write(hello()[:sent] if sent >= 0 else hello())
    began = asyncio.get_running_loop().time()
    await closed(streams)
    assert 0.2 < asyncio.get_running_loop().time() - began < 3
    assert (switch.tls.timed_out, switch.tls.failures) == (1, 1)
    assert not switch.tls.connections


async def test_a_handshake_that_drips_is_closed_in_time(switch: SecureSwitch) -> None:
    reader, writer = await switch.plain()
    first = hello()
    for position in range(len(first)):
        writer.write(first[position : position + 1])
        await asyncio.sleep(0.02)
        if reader.at_eof() or writer.is_closing():
            break
    await closed((reader, writer))
    assert switch.tls.timed_out == 1


async def test_a_flight_without_end_is_cut(switch: SecureSwitch) -> None:
    streams = await switch.plain()
    record = b"\x16\x03\x01\x40\x00" + b"\x01\x01\x00\x00" + b"\x00" * (0x4000 - 4)
    try:
        for _ in range(200):
            streams[1].write(record)
            await streams[1].drain()
    except ConnectionError:
        pass
    await closed(streams)
    assert not switch.tls.connections


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_old_versions_get_an_alert(switch: SecureSwitch, version: ssl.TLSVersion) -> None:
    old = trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = version
    old.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        await switch.connect(old)
    assert switch.tls.failures == 1


async def test_a_handshake_whose_far_end_is_slow_gives_its_place_away_and_may_finish(
    tmp_path: Path,
) -> None:
    async with opened(SecureSwitch(tmp_path, handshakes=3)) as switch:
        reader, slow = await switch.plain()
        upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting().wrap_bio(downward, upward)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        slow.write(upward.read())
        stalled = [await switch.plain() for _ in range(10)]
        for _, writer in stalled:
            writer.write(hello())
        _, writer = await switch.connect()
        writer.write(OPTIONS)
        await switch.messages.get()
        downward.write(await reader.read(8192))
        client.do_handshake()
        client.write(OPTIONS)
        slow.write(upward.read())
        assert (await switch.messages.get())[0] == OPTIONS
        assert switch.tls.handshakes == 2
        for _, other in (*stalled, (None, writer), (None, slow)):
            other.close()


async def test_no_more_handshakes_are_under_way_than_there_are_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softswitch.transport.tls.PATIENCE", 60.0)

    async def waiting(count: int) -> None:
        while switch.tls.pending != count:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async with opened(SecureSwitch(tmp_path, handshakes=3)) as switch:
        crowd = [await switch.plain() for _ in range(10)]
        for _, writer in crowd:
            writer.write(hello())
        for count in (7, 6, 5):
            await waiting(count)
            await asyncio.sleep(0.02)
            assert switch.tls.pending == count
            crowd.pop(0)[1].close()
        for _, writer in crowd:
            writer.close()


async def test_those_that_say_nothing_count_among_the_connections(tmp_path: Path) -> None:
    async with opened(SecureSwitch(tmp_path, places=Places(connections=5))) as switch:
        silent = [await switch.plain() for _ in range(20)]
        _, writer = await switch.connect()
        writer.write(OPTIONS)
        await switch.messages.get()
        assert len(switch.tls.connections) == 5
        assert switch.tls.gave_way == 16
        for _, other in (*silent, (None, writer)):
            other.close()


async def test_other_work_is_done_between_the_handshakes_of_a_crowd(tmp_path: Path) -> None:
    """One step of one handshake a turn of the loop: a hundred do not hold up a message."""
    async with opened(SecureSwitch(tmp_path, handshakes=100)) as switch:
        crowd = [await switch.plain() for _ in range(100)]
        turns: list[int] = []
        loop = asyncio.get_running_loop()

        def turn() -> None:
            turns.append(switch.tls.pending)
            if len(turns) < 1000:
                loop.call_soon(turn)

        for _, writer in crowd:
            writer.write(hello())
        turn()
        while len(turns) < 1000:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        steps = [before - after for before, after in pairwise(turns)]
        assert max(turns) > 10
        assert max(steps) == 1
        assert turns[-1] == 0
        for _, writer in crowd:
            writer.close()


async def test_a_burst_of_failures_makes_one_line_in_the_log(switch: SecureSwitch) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            streams = await switch.plain()
            streams[1].write(OPTIONS)
            await closed(streams)
    assert switch.tls.failures == 20
    said = [line for line in lines if line["event"] == "no handshake"]
    assert len(said) == 1
    assert said[0]["reason"] == "wrong version number"


async def test_a_message_of_tls_that_is_wrong_ends_the_connection(switch: SecureSwitch) -> None:
    """Somebody has changed a record on its way."""
    reader, writer = await switch.plain()
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(downward, upward)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    writer.write(upward.read())
    downward.write(await reader.read(8192))
    client.do_handshake()
    client.write(OPTIONS)
    record = bytearray(upward.read())
    record[-3] ^= 1
    writer.write(bytes(record))
    await closed((reader, writer))
    assert switch.messages.empty()
    assert not switch.tls.connections


# ---------------------------------------------------------------------- who they prove to be


class Carrier:
    """A server of a trunk, which keeps what comes."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.certificates: list[object] = []
        self.names: list[object] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.certificates.append(writer.get_extra_info("peercert"))
        try:
            while True:
                self.came.put_nowait(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    @asynccontextmanager
    async def running(self, context: ssl.SSLContext) -> AsyncIterator[tuple[str, int]]:
        server = await asyncio.start_server(self.serve, HOST, 0, ssl=context)
        yield server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()


def carrier_context(
    folder: Path, *names: str, asks: bool = False, foreign: bool = False, days: float = 90
) -> ssl.SSLContext:
    authority = {"authority": OTHER} if foreign else {}
    own = files(folder, "carrier", *names, days=days, **authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    if asks:
        context.load_verify_locations(write_ca(folder))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def to(switch: SecureSwitch, address: tuple[str, int]) -> Flow:
    return switch.tls.flow_to(address)._replace(peer="carrier")


def carrier_peer(**own: Trust | bool) -> dict[str, Peer]:
    return {"carrier": Peer("sip.example.net", **{"trust": Trust(), **own})}  # type: ignore[arg-type]


async def test_a_trunk_that_is_who_it_should_be_is_reached_by_one_connection(
    tmp_path: Path,
) -> None:
    carrier = Carrier()
    async with (
        carrier.running(carrier_context(tmp_path, "sip.example.net")) as address,
        opened(SecureSwitch(tmp_path, carrier_peer())) as switch,
    ):
        flow = to(switch, address)
        for _ in range(3):
            switch.tls.send(OPTIONS, flow)
            assert await carrier.came.get() == OPTIONS
            answer, came_by = await switch.messages.get()
            assert answer.startswith(b"SIP/2.0 200")
            assert came_by == flow
        assert len(carrier.certificates) == 1


@pytest.mark.parametrize(
    ("names", "own", "reason"),
    [
        (("other.example.net",), {}, "is the certificate of other.example.net"),
        (("*.example.net",), {}, "is the certificate of *.example.net"),
        (("127.0.0.1",), {}, "is the certificate of nobody"),
        (
            ("sip.example.net",),
            {"foreign": True},
            "certificate refused: unable to get local issuer",
        ),
        (("sip.example.net",), {"days": 0.5}, "certificate refused: certificate has expired"),
    ],
    ids=["wrong name", "wildcard", "address", "foreign", "expired"],
)
async def test_a_trunk_that_is_somebody_else_gets_nothing(
    tmp_path: Path, names: tuple[str, ...], own: dict[str, bool], reason: str
) -> None:
    carrier = Carrier()
    failed: asyncio.Queue[int] = asyncio.Queue()
    with structlog.testing.capture_logs() as lines:
        async with (
            carrier.running(carrier_context(tmp_path, *names, **own)) as address,
            opened(SecureSwitch(tmp_path, carrier_peer())) as switch,
        ):
            for number in range(3):
                switch.tls.send(
                    OPTIONS,
                    to(switch, address),
                    lambda number=number: failed.put_nowait(number),  # type: ignore[misc]
                )
            assert [await failed.get() for _ in range(3)] == [0, 1, 2]
            assert not switch.tls.connections
    assert carrier.came.empty()
    said = [line for line in lines if line["event"] == "no handshake"]
    assert len(said) == 1
    assert said[0]["reason"].startswith(reason)
    assert said[0]["trunk"] == "carrier"


async def test_a_wildcard_will_do_where_the_operator_says_so(tmp_path: Path) -> None:
    carrier = Carrier()
    async with (
        carrier.running(carrier_context(tmp_path, "*.example.net")) as address,
        opened(SecureSwitch(tmp_path, carrier_peer(wildcards=True))) as switch,
    ):
        switch.tls.send(OPTIONS, to(switch, address))
        assert await carrier.came.get() == OPTIONS


async def test_a_trunk_that_asks_is_shown_our_certificate(tmp_path: Path) -> None:
    """That of the trunk where it has one, else that of [tls]."""
    own = Trust(files(tmp_path, "ours", "ours.example.org"))
    for trust, name in ((Trust(), "switch.example.org"), (own, "ours.example.org")):
        carrier = Carrier()
        async with (
            carrier.running(carrier_context(tmp_path, "sip.example.net", asks=True)) as address,
            opened(SecureSwitch(tmp_path, carrier_peer(trust=trust))) as switch,
        ):
            switch.tls.send(OPTIONS, to(switch, address))
            await carrier.came.get()
            [shown] = carrier.certificates
            assert name in str(shown)


async def test_a_trunk_has_an_authority_of_its_own(tmp_path: Path) -> None:
    carrier = Carrier()
    trust = Trust(ca=write_ca(tmp_path, OTHER, "other.pem"))
    context = carrier_context(tmp_path, "sip.example.net", foreign=True)
    async with (
        carrier.running(context) as address,
        opened(SecureSwitch(tmp_path, carrier_peer(trust=trust))) as switch,
    ):
        switch.tls.send(OPTIONS, to(switch, address))
        assert await carrier.came.get() == OPTIONS


async def test_a_trunk_that_does_not_answer_the_hello_is_given_up(tmp_path: Path) -> None:
    failed = asyncio.Event()

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(nothing, HOST, 0)
    async with opened(SecureSwitch(tmp_path, carrier_peer(), connect_timeout=0.1)) as switch:
        switch.tls.send(OPTIONS, to(switch, server.sockets[0].getsockname()), failed.set)
        await failed.wait()
        await asyncio.sleep(0.05)
        assert not switch.tls.connections
    server.close()
    await server.wait_closed()


def with_certificate(folder: Path, *names: str) -> ssl.SSLContext:
    own = files(folder, "client", *names)
    context = trusting()
    context.load_cert_chain(own.certificate, own.key)
    return context


@pytest.mark.parametrize(
    ("names", "peer"),
    [(("sip.example.net",), "carrier"), (("other.example.net",), ""), ((), "")],
    ids=["the trunk's", "somebody else's", "none"],
)
async def test_who_shows_the_certificate_of_a_trunk_is_the_trunk(
    tmp_path: Path, names: tuple[str, ...], peer: str
) -> None:
    async with opened(SecureSwitch(tmp_path, carrier_peer())) as switch:
        reader, writer = await switch.connect(
            with_certificate(tmp_path, *names) if names else trusting()
        )
        writer.write(OPTIONS)
        _, flow = await switch.messages.get()
        assert flow.peer == peer
        switch.tls.send(OPTIONS, flow)
        assert await reader.readexactly(len(OPTIONS)) == OPTIONS
        writer.close()
        assert await switch.gone.get() == flow


async def test_clients_without_a_certificate_are_refused_where_it_is_required(
    tmp_path: Path,
) -> None:
    async with opened(SecureSwitch(tmp_path, clients="required")) as switch:
        streams = await switch.connect()
        streams[1].write(OPTIONS)
        await closed(streams)
        assert switch.messages.empty()
        _, writer = await switch.connect(with_certificate(tmp_path, "anna.example.org"))
        writer.write(OPTIONS)
        await switch.messages.get()
        writer.close()


async def test_without_a_certificate_there_is_no_socket() -> None:
    with pytest.raises(CertificateError):
        TlsTransport(HOST, 0, lambda data, flow: None, Certificates())
