"""Browsers: pages with JsSIP and SIP.js in Chromium register by WebSocket, call and are called."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.browser import BEEP, LIBRARIES
from tests.system.pages import TONE, hear_each_other, other_phone, scene
from tests.system.peer import peers
from tests.system.phones import Ear, gone
from tests.system.program import until
from tests.system.signals import clearest


@pytest.mark.timeout(150)
@pytest.mark.parametrize("way", ["ws", "wss"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_page_registers_calls_and_is_called(tmp_path: Path, library: str, way: str) -> None:
    async with scene(tmp_path) as on, other_phone(on.program) as phone:
        page = await on.browser.phone(library, on.url(way), "1000")

        await page.tell("call", "1001")
        incoming = await phone.rings()
        await page.event("progress")
        await incoming.answer()
        await page.event("confirmed")
        async with Ear(incoming, TONE) as ear:
            await hear_each_other(page, ear)
            sound = await page.sound()
        assert (sound["dtls"], sound["lost"]) == ("connected", 0)
        assert sound["energy"] > 0
        await page.tell("hangUp")
        await gone(incoming)
        await page.event("ended")

        outgoing = await phone.dial("1000")
        assert (await page.event("rings"))["from"] == "1001"
        await page.tell("answer")
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, TONE) as ear:
            await hear_each_other(page, ear)
        await outgoing.hangup()
        await page.event("ended")
        outcomes = ["answered", "answered"]
        await until(lambda: [call["outcome"] for call in on.program.calls()] == outcomes)
    assert ".invalid" not in "".join(
        line for line in on.program.log().splitlines() if "WARN" in line or "error" in line
    )
    assert "inline:" not in on.program.log()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_hold_keys_and_new_ways_for_the_media(tmp_path: Path, library: str) -> None:
    async with scene(tmp_path) as on, other_phone(on.program) as phone:
        page = await on.browser.phone(library, on.wss, "1000")
        await page.tell("call", "1001")
        incoming = await phone.rings()
        await incoming.answer()
        await page.event("confirmed")
        keys: list[str] = []
        incoming.on_dtmf(lambda key: keys.append(str(key)))
        async with Ear(incoming, TONE) as ear:
            await hear_each_other(page, ear)

            await page.tell("press", "5")
            await until(lambda: any("5" in key for key in keys))
            if library == "jssip":
                await page.tell("press", "7", "INFO")
                await until(lambda: any("7" in key for key in keys))

            await page.tell("hold")
            await page.event("hold")
            await until(lambda: incoming.remote_on_hold)
            await asyncio.sleep(2.5)
            assert clearest(ear.since(2), BEEP, 0.1) < 0.5
            await page.tell("resume")
            await page.event("unhold")
            await until(lambda: not incoming.remote_on_hold)
            await hear_each_other(page, ear)

            await page.tell("restartIce")
            await asyncio.sleep(2)
            await hear_each_other(page, ear)
            assert (await page.sound())["lost"] == 0
        await incoming.hangup()
        await page.event("ended")


@pytest.mark.timeout(90)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_page_that_is_loaded_anew_registers_anew(tmp_path: Path, library: str) -> None:
    """Its name and its instance are others then: the old ones go, and calls reach the new one."""
    async with scene(tmp_path) as on, peers(on.program, "1001") as (peer,):
        page = await on.browser.phone(library, on.ws, "1000")
        await page.page.reload()
        await page.start(library, on.ws, "1000")
        await page.event("registered")
        await on.until_bound("1000", 1)
        await peer.invite("1000")
        assert (await page.event("rings"))["from"] == "1001"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_page_comes_back_when_the_switch_does(tmp_path: Path, library: str) -> None:
    async with scene(tmp_path) as on:
        page = await on.browser.phone(library, on.wss, "1000")
        await on.program.stop()
        await page.event("disconnected")
        await on.program.start()
        await page.event("registered" if library == "jssip" else "bound", seconds=30)
        async with peers(on.program, "1001") as (peer,):
            await peer.invite("1000")
            await page.event("rings")
