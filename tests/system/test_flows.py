"""Flows of phones on the wire: STUN keep-alives, and phones that connect again (RFC 5626)."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.certificates import trusting
from tests.ports import free_port
from tests.system.peer import Peer, header, headers, peers, status
from tests.system.program import Program, running
from tests.system.test_tls import make_tls

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


async def phone_of_ben(program: Program, transport: str) -> Peer:
    """The same phone on another connection."""
    ben = Peer("1001", program, transport=transport, uuid="0f1e")
    if transport == "tls":
        ben.tls = trusting()
    await ben.open()
    await ben.register()
    return ben


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_call_waits_for_a_phone_after_a_restart(tmp_path: Path, transport: str) -> None:
    settings = {
        "overrides": {"SIP__RECONNECT_TIME": "3"},
        "tls": make_tls(tmp_path / "tls"),
        "sip_port": free_port(),
        "tls_port": free_port(),
    }
    async with running(tmp_path, SETTINGS, **settings) as program:
        before = await phone_of_ben(program, transport)
    before.close()
    async with (
        running(tmp_path, SETTINGS, **settings) as again,
        peers(again, "1000") as (anna,),
    ):
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert status(await anna.answer_to(await anna.invite("1001"), seconds=8)) == 480
        assert 2.5 < loop.time() - began < 6
        invite = await anna.invite("1001")
        await asyncio.sleep(0.5)
        ben = await phone_of_ben(again, transport)
        incoming = await ben.request("INVITE")
        assert f"SIP/2.0/{transport.upper()} " in header(incoming, "Via")
        dialog = ben.respond(incoming, 200, ben.sdp())
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        anna.established(invite, answer)
        await ben.request("ACK")
        await dialog.hang_up()
        ben.close()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("noticed", [True, False])
async def test_a_call_waits_for_a_phone_that_connects_again(
    tmp_path: Path, transport: str, noticed: bool
) -> None:
    """The switch sees the end of its connection before the call, or only the next one after it."""
    tls = make_tls(tmp_path / "tls")
    async with (
        running(tmp_path, SETTINGS, tls=tls, overrides={"SIP__RECONNECT_TIME": "3"}) as program,
        peers(program, "1000") as (anna,),
    ):
        before = await phone_of_ben(program, transport)
        if noticed:
            before.close()
            await program.until_metric("softswitch_registrations", 1)
        invite = await anna.invite("1001")
        await asyncio.sleep(0.5)
        after = await phone_of_ben(program, transport)
        incoming = await after.request("INVITE")
        dialog = after.respond(incoming, 200, after.sdp())
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        anna.established(invite, answer)
        await after.request("ACK")
        await dialog.hang_up()
        after.close()
        if not noticed:
            before.close()
        await program.until_metric("softswitch_registrations", 1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert status(await anna.answer_to(await anna.invite("1001"), seconds=8)) == 480
        assert 2 < loop.time() - began < 6


async def test_nobody_waits_for_a_phone_that_has_said_goodbye(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000") as (anna,),
    ):
        ben = await phone_of_ben(program, "tcp")
        await ben.register(expires=0)
        ben.close()
        assert status(await anna.answer_to(await anna.invite("1001"), seconds=2)) == 480


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


def by_flow(peer: Peer, reg_id: int, *more: str, expires: int = 600) -> str:
    """A REGISTER that makes, or ends, one of several flows of a phone."""
    text = peer.new("REGISTER", None, "", "Supported: outbound, path", f"Expires: {expires}", *more)
    return text.replace(peer.instance, f"{peer.instance};reg-id={reg_id}")


async def test_a_phone_with_two_flows_is_rung_by_one_and_then_by_the_other(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS, overrides={"SIP__RECONNECT_TIME": "0"}) as program,
        peers(program, "1000") as (anna,),
    ):
        first, second = (Peer("1001", program, "tcp", uuid="0f1e") for _ in range(2))
        for reg_id, flow in ((1, first), (2, second)):
            await flow.open()
            accepted = await flow.ask(by_flow(flow, reg_id))
            assert status(accepted) == 200
            assert header(accepted, "Require") == "outbound"
            assert header(accepted, "Flow-Timer") == "120"
        assert len(headers(accepted, "Contact")) == 2
        await program.until_metric("softswitch_registrations", 3)

        async def is_rung(flow: Peer) -> None:
            invite = await anna.invite("1001")
            flow.respond(await flow.request("INVITE"), 486)
            assert status(await anna.answer_to(invite)) == 486
            await flow.request("ACK")

        await is_rung(second)
        assert first.inbox.empty()  # the same phone, so it rings once
        # a refresh makes it the latest
        assert status(await first.ask(by_flow(first, 1))) == 200
        await is_rung(first)
        assert second.inbox.empty()
        # a phone that says of a flow that it has failed is rung by the other
        invite = await anna.invite("1001")
        first.respond(await first.request("INVITE"), 430)
        second.respond(await second.request("INVITE"), 486)
        assert status(await anna.answer_to(invite)) == 486
        # a flow that closes takes its binding along, and no other
        first.close()
        await program.until_metric("softswitch_registrations", 2)
        await is_rung(second)
        # without a reg-id it is the phone in another place
        third = Peer("1001", program, "tcp", uuid="0f1e")
        await third.open()
        assert status(await third.ask(by_flow(third, 2))) == 200
        await program.until_metric("softswitch_registrations", 2)
        await is_rung(third)
        assert second.inbox.empty()
        for flow in (second, third):
            flow.close()


async def test_a_flow_through_a_proxy_that_knows_no_flows_is_refused(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000") as (anna,),
    ):
        ben = Peer("1001", program, "tcp", uuid="0f1e")
        await ben.open()
        phone = "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKphone"
        refused = await ben.ask(by_flow(ben, 1, phone))
        assert refused.startswith("SIP/2.0 439 First Hop Lacks Outbound Support\r\n")
        refused = await ben.ask(by_flow(ben, 1, phone, f"Path: <sip:{ben.at};lr>"))
        assert status(refused) == 439
        assert await program.metric("softswitch_registrations") == 1
        path = f"Path: <sip:flow@{ben.at};transport=tcp;lr;ob>"
        accepted = await ben.ask(by_flow(ben, 1, phone, path))
        assert status(accepted) == 200
        assert header(accepted, "Require") == "outbound"
        invite = await anna.invite("1001")
        incoming = await ben.request("INVITE")
        assert header(incoming, "Route") == path.removeprefix("Path: ")
        ben.respond(incoming, 486)
        assert status(await anna.answer_to(invite)) == 486
        # two flows in one REGISTER
        twice = by_flow(ben, 1).replace(
            "\r\nContent-Length", f"\r\n{ben.contact};reg-id=2\r\nContent-Length"
        )
        assert status(await ben.ask(twice)) == 400
        ben.close()
