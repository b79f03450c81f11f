"""SIP over TCP, and both transports over IPv6."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.peer import Peer, header, media_address, peers, status, talk
from tests.system.program import running, until

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32", "::1/128"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""
LOCAL = "127.0.0.1"


async def test_a_call_between_udp_and_tcp(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", transport="tcp") as (anna,),
        peers(program, "1001") as (ben,),
    ):
        ours, _ = await talk(anna, ben)
        await ours.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        _, theirs = await talk(ben, anna)
        await theirs.hang_up()
        ben.respond(await ben.request("BYE"), 200)


async def test_messages_in_pieces_and_in_one_piece(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", transport="tcp") as (anna,),
    ):
        whole = anna.new("OPTIONS", None)
        for place in range(0, len(whole), 40):
            anna.send(whole[place : place + 40])
            await asyncio.sleep(0.002)
        challenge = await anna.hear(lambda said: status(said) == 401)
        assert header(challenge, "Call-ID") == header(whole, "Call-ID")
        several = [anna.new("OPTIONS", None) for _ in range(20)]
        anna.send("\r\n".join(several))
        answered = [
            header(await anna.hear(lambda said: status(said) == 401), "Call-ID") for _ in several
        ]
        assert answered == [header(text, "Call-ID") for text in several]


async def test_a_stream_that_is_no_sip_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program:
        for noise in (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01" + b"\x00" * 5_000,
            b"OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n",
            b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n",
            b"OPTIONS sip:x SIP/2.0\r\nX: " + b"x" * 200_000,
        ):
            reader, writer = await asyncio.open_connection(LOCAL, program.sip_port)
            writer.write(noise)
            async with asyncio.timeout(3):
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            writer.close()
        await program.until_metric("softswitch_connections", 0)


async def test_half_a_message_and_silence_end_a_connection(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS, overrides={"SIP__STREAM_TIMEOUT": "2"}) as program:
        silent, _ = await asyncio.open_connection(LOCAL, program.sip_port)
        half, writer = await asyncio.open_connection(LOCAL, program.sip_port)
        writer.write(b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP")
        phone = Peer("1000", program, "tcp")
        await phone.open()
        await phone.register()
        for reader in (silent, half):
            async with asyncio.timeout(8):
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
        assert await program.metric("softswitch_connections") == 1
        assert await program.metric("softswitch_connections_timed_out_total") == 2
        await phone.register()
        phone.close()


async def test_a_thousand_idle_connections_do_not_stop_udp(tmp_path: Path) -> None:
    limits = "[limits]\nconnections = 300\nconnections_per_address = 250\n"
    async with running(tmp_path, limits + SETTINGS) as program:
        idle = []
        for _ in range(1_000):
            sock = socket.socket()
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().sock_connect(sock, (LOCAL, program.sip_port))
            idle.append(sock)
        try:
            await program.until_metric("softswitch_connections_gave_way_total", 750)
            assert await program.metric("softswitch_connections") == 250
            async with peers(program, "1000", "1001") as (anna, ben):
                ours, _ = await talk(anna, ben)
                await ours.hang_up()
                ben.respond(await ben.request("BYE"), 200)
        finally:
            for sock in idle:
                sock.close()
        await program.until_metric("softswitch_connections", 0)
        async with peers(program, "1002", transport="tcp"):
            assert await program.metric("softswitch_connections") == 1


async def test_a_phone_that_closed_its_connection_is_not_reached(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS, overrides={"SIP__RECONNECT_TIME": "1"}) as program,
        peers(program, "1000") as (anna,),
        peers(program, "1001", transport="tcp") as (ben,),
    ):
        ben._close()
        await program.until_metric("softswitch_connections", 0)
        answer = await anna.answer_to(await anna.invite("1001"), seconds=6)
        assert status(answer) == 480, "its binding has gone with the connection"
        await until(lambda: [call["outcome"] for call in program.calls()] == ["not registered"])


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_ipv6(tmp_path: Path, transport: str) -> None:
    port = free_port()
    listen = [f"{kind}:{host}:{port}" for kind in ("udp", "tcp") for host in (LOCAL, "[::1]")]
    async with (
        running(
            tmp_path, SETTINGS, sip_port=port, overrides={"SIP__LISTEN": json.dumps(listen)}
        ) as program,
        peers(program, "1000", host="::1", transport=transport) as (anna,),
        peers(program, "1001") as (ben,),
    ):
        ours, theirs = await talk(anna, ben)
        assert "c=IN IP6 ::1\r\n" in ours.text
        assert "c=IN IP4 127.0.0.1\r\n" in theirs.text
        await ours.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        invite = await anna.invite("600")
        echo = anna.established(invite, await anna.answer_to(invite))
        await anna.rtp.send(media_address(echo.text), 25)
        await until(lambda: len(anna.rtp.packets) >= 20)
        await echo.hang_up()
