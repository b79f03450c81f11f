"""A real Kamailio as a trunk: calls out, in and given up by its route set, and its absence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from baresip import CallFailed

from media.codecs import g711
from tests.ports import free_port
from tests.system.kamailio import INSIDE, OUTSIDE, Kamailio, kamailio, needed
from tests.system.peer import Dialog, Peer, header, headers, media_address, peers, status
from tests.system.phones import Ear, Phone, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import share, tone
from tests.system.test_trunks import EXTENSIONS, route, state_of

SECONDS = 15.0
"How long a busy machine may take for anything."
DOWN_SECONDS = 6.0
"A little more than a trunk has for its first response (`timeout`)."
CALLER_HZ, PEER_HZ = 600, 900


def settings(proxy: Kamailio) -> str:
    return f"""{EXTENSIONS}
[[trunks]]
name = "proxy"
host = "{INSIDE}:{proxy.port}"
networks = ["{INSIDE}/32"]
keep_alive = 1
{route("trunk:proxy")}
{route("extension:*", "4930*", "strip = 4")}
"""


@asynccontextmanager
async def chain(directory: Path) -> AsyncIterator[tuple[Program, Kamailio, Peer]]:
    """The switch, its trunk Kamailio, and the peer behind that."""
    needed()
    proxy, sip_port = Kamailio(directory), free_port()
    peer = Peer("0151", proxy, host=OUTSIDE)
    await peer.open()
    try:
        async with (
            kamailio(proxy, sip_port, peer.port),
            running(directory, settings(proxy), sip_port=sip_port) as program,
        ):
            await state_of(program, "proxy", "up", SECONDS)
            yield program, proxy, peer
    finally:
        peer.close()


async def answers(peer: Peer) -> Dialog:
    """The peer takes the call that comes to it; its dialog."""
    invite = await peer.hear(lambda text: text.startswith("INVITE "), SECONDS)
    peer.respond(invite, 180)
    dialog = peer.respond(invite, 200, peer.sdp("0"))
    await peer.request("ACK", SECONDS)
    assert len(dialog.routes) == 2, invite  # Kamailio's two addresses
    return dialog


async def calls_out(anna: Phone, peer: Peer, proxy: Kamailio) -> None:
    """A call by the trunk that is answered, and that the phone ends."""
    call = await anna.dial("030123")
    await answers(peer)
    await call.wait_established(timeout=SECONDS)
    await call.hangup()
    await says_goodbye(peer, proxy)


async def says_goodbye(peer: Peer, proxy: Kamailio) -> None:
    """The BYE of the switch reaches the peer by the route set, used up on its way."""
    bye = await peer.request("BYE", SECONDS)
    assert len(headers(bye, "Via")) == 2, bye
    assert headers(bye, "Route") == []
    peer.respond(bye, 200)
    await until(lambda: "along the route set: BYE from 127.0.0.1" in proxy.log())


async def both_are_heard(ear: Ear, peer: Peer, dialog: Dialog) -> None:
    """The phone sounds `CALLER_HZ`, the peer `PEER_HZ`; each hears the other."""
    sound = np.frombuffer(tone(PEER_HZ, 2 * SECONDS), np.int16)
    playing = asyncio.create_task(peer.rtp.play(media_address(dialog.text), sound))
    try:
        await until(lambda: share(ear.since(0.5), PEER_HZ) > 0.9, SECONDS)
        await until(lambda: share(heard(peer), CALLER_HZ) > 0.9, SECONDS)
    finally:
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


def heard(peer: Peer) -> bytes:
    """What the peer heard in the last half second."""
    sound = b"".join(packet[12:] for packet in peer.rtp.packets[-25:])
    return g711.decode_ulaw(np.frombuffer(sound, np.uint8)).astype("<i2").tobytes()


async def recorded_outcomes(program: Program, *wanted: str) -> None:
    await until(lambda: [call["outcome"] for call in program.calls()] == list(wanted), SECONDS)


@pytest.mark.timeout(120)
async def test_a_call_out_talks_and_either_side_ends_it_along_the_route_set(tmp_path: Path) -> None:
    async with chain(tmp_path) as (program, proxy, peer), phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        dialog = await answers(peer)
        assert header(dialog.text, "From").startswith('"Desk 1000" <sip:1000@')
        await call.wait_established(timeout=SECONDS)
        async with Ear(call, CALLER_HZ) as ear:
            await both_are_heard(ear, peer, dialog)
        await call.hangup()
        await says_goodbye(peer, proxy)

        call = await anna.dial("030123")
        dialog = await answers(peer)
        await call.wait_established(timeout=SECONDS)
        answer = await peer.final(dialog.request("BYE"), SECONDS)
        assert status(answer) == 200, answer
        await gone(call, SECONDS)
        await recorded_outcomes(program, "answered", "answered")
        assert f"along the route set: BYE from {OUTSIDE}" in proxy.log()
        assert "beside the route set" not in proxy.log()


@pytest.mark.timeout(120)
async def test_a_call_that_the_phone_gives_up_stops_ringing_behind_it(tmp_path: Path) -> None:
    async with chain(tmp_path) as (program, _, peer), phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        invite = await peer.hear(lambda text: text.startswith("INVITE "), SECONDS)
        peer.respond(invite, 180)
        await call.hangup()
        peer.respond(await peer.request("CANCEL", SECONDS), 200)
        peer.respond(invite, 487)
        await peer.request("ACK", SECONDS)
        await recorded_outcomes(program, "cancelled")


@pytest.mark.timeout(120)
async def test_calls_come_in_and_either_side_ends_them_along_the_route_set(tmp_path: Path) -> None:
    async with chain(tmp_path) as (program, proxy, peer), peers(program, "1000") as (anna,):
        for ending in ("phone", "peer"):
            invite = peer.new("INVITE", "49301000", peer.sdp("0"))
            peer.send(invite)
            ringing = await anna.request("INVITE", SECONDS)
            assert "<sip:0151@" in header(ringing, "From")
            inner = anna.respond(ringing, 200, anna.sdp("0"))
            answer = await peer.answer_to(invite, seconds=SECONDS)
            assert status(answer) == 200, answer
            outer = peer.established(invite, answer)
            assert len(outer.routes) == 2, answer
            await anna.request("ACK", SECONDS)
            await until(lambda: f"along the route set: ACK from {OUTSIDE}" in proxy.log(), SECONDS)
            sound = np.frombuffer(tone(PEER_HZ, 0.6), np.int16)
            anna.rtp.packets.clear()
            await peer.rtp.play(media_address(answer), sound)
            await until(lambda: share(heard(anna), PEER_HZ) > 0.9, SECONDS)
            if ending == "phone":
                anna.send(inner.request("BYE"))
                await says_goodbye(peer, proxy)
            else:
                answer = await peer.final(outer.request("BYE"), SECONDS)
                assert status(answer) == 200, answer
                anna.respond(await anna.request("BYE", SECONDS), 200)
        await recorded_outcomes(program, "answered", "answered")
        assert [call["source"] for call in program.calls()] == ["proxy", "proxy"]
        assert "beside the route set" not in proxy.log()


@pytest.mark.timeout(180)
async def test_without_it_calls_end_with_a_status_and_with_it_they_go_again(tmp_path: Path) -> None:
    async with chain(tmp_path) as (program, proxy, peer), phones() as makers:
        anna = await makers.register(program, "1000")
        await calls_out(anna, peer, proxy)
        await proxy.stop()
        call = await anna.dial("030123")
        with pytest.raises(CallFailed, match=r"503.*cause=102"):
            await call.wait_established(timeout=SECONDS)
        await state_of(program, "proxy", "down", DOWN_SECONDS)
        assert await program.metric("softswitch_trunk_up") == 0
        assert await program.metric("softswitch_trunk_failures_total") == 1

        await proxy.start(program.sip_port, peer.port)
        await state_of(program, "proxy", "up", SECONDS)
        await calls_out(anna, peer, proxy)
        await until(lambda: [c["outcome"] for c in program.calls()][::2] == ["answered"] * 2)
