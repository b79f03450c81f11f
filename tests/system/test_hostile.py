"""What unknown sources and broken peers send to the program: it answers, forgets, and goes on.

`running` fails each of these tests when the log holds a traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
from pathlib import Path

import pytest

from tests.system.peer import Peer, header, media_address, peers, status, talk
from tests.system.program import Program, running, until

TORTURE = sorted((Path(__file__).parents[1] / "sip" / "message" / "torture").glob("*.dat"))
PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""
TRUSTED = f"""
[guard]
trusted = ["127.0.0.1/32"]
{PHONES}
"""
LOCAL = "127.0.0.1"


async def still_answers(program: Program, peer: Peer) -> None:
    """A phone is served as before, and no mistake of ours was caught meanwhile."""
    while not peer.inbox.empty():
        peer.inbox.get_nowait()
    for _ in range(10):  # what comes behind a flood may be lost, and is sent again
        with contextlib.suppress(AssertionError):
            await peer.final(peer.new("OPTIONS", None), 2)
            break
    await peer.register()
    assert await program.metric("softswitch_errors_total") == 0


def throw(program: Program, *datagrams: bytes) -> None:
    """Send datagrams from a socket that the switch does not know."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unknown:
        for number, data in enumerate(datagrams):
            unknown.sendto(data, (LOCAL, program.sip_port))
            if number % 50 == 49:
                unknown.settimeout(0.01)
                with contextlib.suppress(TimeoutError):
                    unknown.recv(65_536)


async def test_the_messages_of_rfc_4475_and_rfc_5118(tmp_path: Path) -> None:
    assert len(TORTURE) > 40
    async with running(tmp_path, TRUSTED) as program, peers(program, "1000") as (anna,):
        throw(program, *(file.read_bytes() for file in TORTURE))
        await still_answers(program, anna)
        for file in TORTURE:
            reader, writer = await asyncio.open_connection(LOCAL, program.sip_port)
            writer.write(file.read_bytes())
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            del reader
        await still_answers(program, anna)
        assert await program.metric("softswitch_calls") == 0


async def test_noise_truncated_and_oversized_datagrams(tmp_path: Path) -> None:
    chance = random.Random(4475)
    async with running(tmp_path, TRUSTED) as program, peers(program, "1000") as (anna,):
        noise = [chance.randbytes(chance.randrange(1, 1500)) for _ in range(500)]
        whole = anna.new("INVITE", "600", anna.sdp()).encode()
        cut = [whole[:length] for length in range(1, len(whole), 3)]
        bent = []
        for _ in range(500):
            octets = bytearray(whole)
            for _ in range(chance.randrange(1, 8)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            bent.append(bytes(octets))
        long = whole.replace(b"Max-Forwards", b"X: " + b"x" * 60_000 + b"\r\nMax-Forwards", 1)
        many = whole.replace(
            b"Max-Forwards", b"Via: SIP/2.0/UDP a\r\n" * 3_000 + b"Max-Forwards", 1
        )
        for batch in (noise, cut, bent, [long, many, b"\r\n\r\n", b"\0" * 1000, b""]):
            throw(program, *batch)
            await still_answers(program, anna)
        assert await program.metric("softswitch_calls") == 0


async def test_a_flood_of_unknown_sources_leaves_no_transaction(tmp_path: Path) -> None:
    async with running(tmp_path, TRUSTED) as program, peers(program, "1000") as (anna,):
        before = await program.metric("softswitch_server_transactions")
        memory = program.memory()
        throw(program, *(anna.new("INVITE", "600", anna.sdp()).encode() for _ in range(3_000)))
        throw(program, *(anna.new("REGISTER", None).encode() for _ in range(3_000)))
        await asyncio.sleep(0.5)
        assert await program.metric("softswitch_server_transactions") == before
        assert await program.metric("softswitch_dialogs") == 0
        assert program.memory() - memory < 30e6
        await still_answers(program, anna)


@pytest.mark.timeout(90)
async def test_offers_without_a_common_codec_leave_no_port(tmp_path: Path) -> None:
    """Half of them fail before a port is opened, half when the callee's phone refuses."""
    async with running(tmp_path, TRUSTED) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        several = [Peer("1000", program) for _ in range(10)]
        # Pairs of ports rest after a call: however fast the calls fail, there are enough.
        rounds = min(50, program.port_pairs // 3 // len(several))

        async def offer_in_vain(peer: Peer) -> None:
            for formats, number in (("101", "600"), ("99", "1001")) * rounds:
                offer = peer.sdp(formats, "a=rtpmap:99 VORBIS/44100")
                answer = await peer.answer_to(await peer.invite(number, offer))
                assert status(answer) == 488
                assert number == "1001" or header(answer, "Warning").startswith("305 ")

        async def refuse() -> None:
            while True:
                ben.respond(await ben.request("INVITE"), 488)

        for peer in several:
            await peer.open()
        refusing = asyncio.create_task(refuse())
        await asyncio.gather(*map(offer_in_vain, several))
        refusing.cancel()
        await asyncio.gather(refusing, return_exceptions=True)
        for peer in several:
            peer.close()
        calls = 2 * rounds * len(several)
        await until(lambda: sum(bool(call["end_time"]) for call in program.calls()) == calls)
        assert {call["outcome"] for call in program.calls()} == {"failed"}
        await program.until_metric("softswitch_media_ports_free", program.port_pairs, 15)
        assert await program.metric("softswitch_calls") == 0
        ours, _ = await talk(anna, ben)
        await ours.hang_up()
        await still_answers(program, anna)


async def test_impossible_descriptions_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path, TRUSTED) as program, peers(program, "1000") as (anna,):
        good = anna.sdp()
        port = f"m=audio {anna.rtp.port} "
        for offer in (
            good.replace(port, "m=audio 70000 "),
            good.replace(port, "m=audio 0 "),
            good.replace(port, "m=audio -1 "),
            good.replace("c=IN IP4 127.0.0.1", "c=IN IP4 224.0.0.1"),
            good.replace("c=IN IP4 127.0.0.1", "c=IN IP4 255.255.255.255"),
            good.replace("c=IN IP4 127.0.0.1", "c=IN IP4 999.1.1.1"),
            good.replace("c=IN IP4 127.0.0.1", "c=IN IP6 2001:db8::1"),
            good.replace("m=audio", "m=video"),
            "v=0\r\n" + "a=x\r\n" * 4_000,
            "v=0\r\nv=0\r\nm=\r\n",
        ):
            answer = await anna.answer_to(await anna.invite("600", offer))
            assert status(answer) in (400, 413, 488), offer
        await program.until_metric("softswitch_media_ports", 0)
        await still_answers(program, anna)


async def test_guessing_passwords_is_stopped(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program:
        guesser = Peer("1000", program, password="guess")
        honest = Peer("1001", program)
        for peer in (guesser, honest):
            await peer.open()
        for _ in range(5):
            answer = await guesser.ask(guesser.new("REGISTER", None))
            assert status(answer) == 401
        with pytest.raises(AssertionError, match="not heard"):
            await guesser.ask(guesser.new("REGISTER", None), seconds=0.5)
        guesser.password = "pw1000"
        with pytest.raises(AssertionError, match="not heard"):
            await guesser.ask(guesser.new("REGISTER", None), seconds=0.5)
        await honest.register()
        assert "InvalidPassword" in program.log()
        assert "pw1000" not in program.log()
        for peer in (guesser, honest):
            peer.close()


async def test_nobody_calls_without_a_password(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1001") as (ben,):
        unknown = Peer("1000", program, password="wrong")
        await unknown.open()
        for method in ("INVITE", "MESSAGE", "OPTIONS", "REGISTER", "SUBSCRIBE", "INVENTED"):
            text = unknown.new(method, "1001", unknown.sdp() if method == "INVITE" else "")
            assert status(await unknown.final(text)) == 401
        for method in ("BYE", "INFO", "CANCEL", "UPDATE"):
            text = unknown.new(method, "1001")
            assert status(await unknown.final(text)) in (401, 481)
        assert ben.inbox.empty()
        unknown.close()


async def test_rtp_of_unknown_sources_reaches_nobody_and_gets_nothing(tmp_path: Path) -> None:
    """Neither RTP bleed (no answer to who asks) nor injection (no way into a call)."""
    chance = random.Random(7)
    async with running(tmp_path, TRUSTED) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        ours, _ = await talk(anna, ben)
        remote = media_address(ours.text)
        stop = asyncio.create_task(anna.rtp.send(remote, 200))
        await asyncio.sleep(0.2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unknown:
            unknown.bind((LOCAL, 0))
            unknown.setblocking(False)
            address = unknown.getsockname()
            for number in range(300):
                head = struct.pack("!BBHII", 0x80, 0, number, number * 160, 666)
                for port in (remote[1], remote[1] + 1):
                    # refused is right: the socket is connected to another
                    with contextlib.suppress(ConnectionRefusedError):
                        unknown.sendto(head + b"\x11" * 160, (LOCAL, port))
                        unknown.sendto(chance.randbytes(40), (LOCAL, port))
                if number % 30 == 0:
                    await asyncio.sleep(0.02)
            with pytest.raises((BlockingIOError, ConnectionRefusedError)):
                unknown.recv(2048)
        ben.rtp.packets.clear()
        await until(lambda: len(ben.rtp.packets) >= 20)  # the call goes on
        assert not [packet for packet in ben.rtp.packets if packet.endswith(b"\x11" * 160)]
        assert not [packet for packet in anna.rtp.packets if packet.endswith(b"\x11" * 160)]
        stop.cancel()
        await asyncio.gather(stop, return_exceptions=True)
        await ours.hang_up()
        [line] = [line for line in program.log().splitlines() if "type=UnexpectedAddress" in line]
        assert f"remote=udp:{LOCAL}:{address[1]} " in f"{line} "
        call_id = program.calls()[0]["call_id"]
        assert f"session={call_id} " in line


async def test_1100_half_sent_requests_stop_neither_http_nor_sip(tmp_path: Path) -> None:
    """With few descriptors: the API, /healthz, and SIP over UDP and TCP go on."""
    head = b"POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    halves = (b"", b"GET /healthz", head, head + b"Content-Length: 99\r\n\r\ncommand=")
    async with running(tmp_path, PHONES, descriptors=1024) as program:
        assert "few file descriptors" in program.log()
        phone, by_tcp = Peer("1000", program), Peer("1001", program, transport="tcp")
        held: list[asyncio.StreamWriter] = []

        async def hold(port: int, octets: bytes) -> None:
            _, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(octets)
            held.append(writer)

        for number in range(1_100):
            await hold(program.http_port, halves[number % len(halves)])
            if number % 100 == 99:
                health = json.loads(await program.get("/healthz"))
                assert health["status"] == "ready"
                assert (await program.command("ListActiveCalls"))["Code"] == 200
        for number in range(1_100):
            await hold(program.sip_port, (b"", b"OPTIONS sip:a SIP/2.0\r\n")[number % 2])
        for peer in (phone, by_tcp):
            await peer.open()
            await peer.register()
        assert (await program.command("ListActiveCalls"))["Code"] == 200
        assert await program.metric("softswitch_http_connections_closed_total") >= 1_100 - 256
        assert await program.metric("softswitch_connections_gave_way_total") > 0
        for peer in (phone, by_tcp):
            peer.close()
        for writer in held:
            writer.close()
