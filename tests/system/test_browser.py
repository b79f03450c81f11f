"""Browsers: pages with JsSIP and SIP.js in Chromium register by WebSocket, call and are called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from softswitch.cli.authority import Authority
from tests.ports import free_port
from tests.postgresql import mappings
from tests.system.browser import BEEP, LIBRARIES, Chromium, WebPhone, chromium
from tests.system.peer import peers
from tests.system.phones import Ear, Phone, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import clearest

TONE = 600.0
"Hz that the other phone sends."
PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


@dataclass
class Scene:
    """A switch that pages reach, and a browser that believes its certificate."""

    program: Program
    browser: Chromium
    ws: str
    "The URL of pages without TLS, at a port of its own."
    wss: str
    "With TLS, at the port of the web API."

    def url(self, way: str) -> str:
        return self.ws if way == "ws" else self.wss

    async def until_bound(self, number: str, contacts: int, seconds: float = 8.0) -> None:
        """Wait until an extension has so many contacts, as the database knows them."""

        def count() -> int:
            query = f"SELECT id FROM bindings WHERE extension = '{number}'"
            return len(mappings(self.program.database_url, query))

        await until(lambda: count() == contacts, seconds)


@asynccontextmanager
async def scene(directory: Path, **settings: str) -> AsyncIterator[Scene]:
    certificate, key = directory / "server.pem", directory / "server.key"
    Authority.make("Trial CA").issue(["127.0.0.1"]).write(certificate, key)
    program = Program(directory, PHONES)
    ws = f"127.0.0.1:{free_port()}"
    sip, https = f"127.0.0.1:{program.sip_port}", f"127.0.0.1:{program.http_port}"
    overrides = {
        "SIP__LISTEN": f'["udp:{sip}", "tcp:{sip}", "ws:{ws}", "wss:{https}"]',
        "SIP__DIGEST": '["SHA-256", "MD5"]',
        "SIP__RECONNECT_TIME": "3",
        "HTTP__TLS": "true",
        "TLS__CERTIFICATE": str(certificate),
        "TLS__KEY": str(key),
        "LOGGING__MESSAGES": "whole",
        **settings,
    }
    async with (
        running(
            directory,
            PHONES,
            sip_port=program.sip_port,
            http_port=program.http_port,
            overrides=overrides,
        ) as started,
        chromium(certificate) as browser,
    ):
        yield Scene(started, browser, f"ws://{ws}", f"wss://{https}/ws")


@asynccontextmanager
async def other_phone(program: Program, number: str = "1001") -> AsyncIterator[Phone]:
    async with phones() as makers:
        yield await makers.register(program, number)


async def hear_each_other(page: WebPhone, ear: Ear) -> None:
    """The page hears the tone of the phone, and the phone the beep of the page."""
    await page.hears(TONE)
    await until(lambda: clearest(ear.since(2), BEEP, 0.1) > 0.5, 10)


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
