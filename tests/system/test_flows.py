"""Flows of phones on the wire: STUN keep-alives, and phones that connect again (RFC 5626)."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from tests.system.peer import Peer, header, peers, status
from tests.system.program import Program, running

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


async def test_a_call_waits_for_a_tcp_phone_after_a_restart(tmp_path: Path) -> None:
    waits = {"SIP__RECONNECT_TIME": "3"}
    program = Program(tmp_path, SETTINGS, overrides=waits)
    await program.start()
    before = Peer("1001", program, transport="tcp")
    await before.open()
    await before.register()
    await program.stop()
    before.close()
    ports = {"sip_port": program.sip_port, "http_port": program.http_port}
    async with (
        running(tmp_path, SETTINGS, overrides=waits, **ports) as again,
        peers(again, "1000") as (anna,),
    ):
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert status(await anna.answer_to(await anna.invite("1001"), seconds=8)) == 480
        assert 2.5 < loop.time() - began < 6
        ben = Peer("1001", again, transport="tcp")
        await ben.open()
        invite = await anna.invite("1001")
        await asyncio.sleep(0.5)
        await ben.register()
        incoming = await ben.request("INVITE")
        ben.respond(incoming, 486)
        assert status(await anna.answer_to(invite)) == 486
        ben.close()


async def test_the_sip_port_answers_stun(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        request = bytes.fromhex("000100002112a442") + b"abcdefghijkl"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.setblocking(False)
            phone.connect(("127.0.0.1", program.sip_port))
            loop = asyncio.get_running_loop()
            phone.send(request)
            answer = await asyncio.wait_for(loop.sock_recv(phone, 1500), 5)
            port = phone.getsockname()[1]
        assert answer[:2] == b"\x01\x01"
        assert answer[8:20] == b"abcdefghijkl"
        assert int.from_bytes(answer[26:28], "big") ^ 0x2112 == port
        register = anna.new(
            "REGISTER", None, "", "Supported: outbound, path", "Expires: 600"
        ).replace(";transport=udp>", ';transport=udp>;reg-id=1;+sip.instance="<urn:uuid:1>"')
        accepted = await anna.ask(register)
        assert status(accepted) == 200
        assert header(accepted, "Require") == "outbound"
        assert header(accepted, "Flow-Timer") == "30"
