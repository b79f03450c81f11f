"""The echo extension: the switch answers by itself, and the caller hears itself."""

from __future__ import annotations

import asyncio

from softswitch.sip.events import Answered
from tests.calls.scene import Scene, expect, sdp
from tests.calls.virtual_time import run


def test_the_echo_extension_answers_by_itself() -> None:
    async def story() -> None:
        scene = Scene()
        a = scene.phone("1000").dial("600", sdp(codecs="9 0 101"))
        answer = (await expect(a, Answered)).sdp
        assert b"RTP/AVP 9 101\r\n" in answer
        a.acknowledge()
        await asyncio.sleep(1)
        (port,) = scene.workers.all
        assert port.hears is port
        assert scene.states == ["Answered", "InCall"]
        held = await a.reinvite(sdp(codecs="9 0 101", direction="sendonly", version=2))
        assert b"a=recvonly" in (held or b"")
        assert scene.states[-1] == "Hold"
        a.hangup()
        await scene.settle()
        assert (scene.record["outcome"], scene.record["destination"]) == ("answered", "600")

    run(story())


def test_the_echo_extension_makes_an_offer() -> None:
    async def story() -> None:
        scene = Scene()
        a = scene.phone("1000").dial("600", None)
        offer = (await expect(a, Answered)).sdp
        assert b"RTP/AVP 0 8 9 " in offer
        a.acknowledge(sdp(codecs="8 101"))
        await asyncio.sleep(1)
        (port,) = scene.workers.all
        assert port.last["codecs"][0].name == "PCMA"
        assert port.hears is port
        assert scene.states == ["Answered", "InCall"]
        a.hangup()
        await scene.settle()

    run(story())
