"""Our client and our centre, with each other."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError
from tests.messaging.conftest import Certificate
from tests.messaging.scene import state_of, until
from tests.messaging.smpp.scene import (
    bound,
    client_on,
    delivered,
    server_on,
)

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


@pytest.mark.parametrize("long_messages", ["udh", "payload"])
async def test_texts_go_through_whole_and_receipts_come_back(
    tmp_path: Path, long_messages: str
) -> None:
    async with (
        server_on(tmp_path / "server") as (server, theirs, out),
        client_on(tmp_path / "client", server.listen[1], long_messages=long_messages) as (_, ours),
    ):
        ids = [await ours.send(Outgoing(text=text, to_address="+361")) for text in TEXTS]
        sent = await out.until_sent(len(TEXTS))
        assert sorted(message.text for message in sent) == sorted(TEXTS)
        assert {message.to_address for message in sent} == {"+361"}
        for message in sent:
            await state_of(theirs, message.id, "sent")
            await theirs.reported("out", delivered(message.id))
        for identity in ids:
            message = await state_of(ours, identity, "delivered")
            assert message.delivered_at is not None
        assert server.counts.bad == 0


async def test_texts_come_in_whole(tmp_path: Path) -> None:
    async with (
        server_on(tmp_path / "server") as (server, theirs, _),
        client_on(tmp_path / "client", server.listen[1]) as (connection, ours),
    ):
        await bound(connection)
        for text in TEXTS:
            await theirs.send(Outgoing(text=text, connection="smsc", to_address="+491"))
        await until(lambda: ours.arrivals == len(TEXTS))
        found = await ours.folders.list("admin", "inbox", 100)
        assert sorted(message.text for message in found) == sorted(TEXTS)
        assert {message.from_connection for message in found} == {"sms"}


async def test_tls(tmp_path: Path, certificate: Certificate) -> None:
    ours_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours_tls.load_cert_chain(certificate.certificate, certificate.key)
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    async with server_on(tmp_path / "server", tls=ours_tls) as (server, _, out):
        port = server.listen[1]
        async with client_on(tmp_path / "client", port, tls=trusting) as (_, ours):
            await ours.send(Outgoing(text="secret", to_address="+361"))
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
        identity = await ours.send(Outgoing(text="x", to_address="+361"))
        await until(lambda: "RINVPASWD" in connection.state.detail)
        assert (await state_of(ours, identity, "queued")).text == "x"
        assert out.sent == []


async def test_a_centre_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    async with server_on(tmp_path / "server") as (server, _, _):
        port = server.listen[1]
    async with client_on(tmp_path / "client", port) as (connection, ours):
        ids = [await ours.send(Outgoing(text=f"{n}", to_address="+361")) for n in range(5)]
        await until(lambda: "connection refused" in connection.state.detail)
        async with server_on(tmp_path / "server", port=port) as (_, _, out):
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
        identity = await ours.send(Outgoing(text="x", to_address="+361"))
        message = await state_of(ours, identity, "sent")
        assert message.attempts > 1
        await out.until_sent(1)
        assert len(out.sent) == 1
