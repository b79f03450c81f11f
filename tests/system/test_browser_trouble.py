"""Pages whose WebSocket or whose whole page goes during a call, and how soon a call is heard."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from media.codecs import g711
from tests.ports import free_port
from tests.system.browser import LIBRARIES, WebPhone
from tests.system.pages import TONE, Scene, hear_each_other, other_phone, scene
from tests.system.peer import Rtp, media_address, peers, status
from tests.system.phones import Ear, gone
from tests.system.program import Program, until
from tests.system.signals import tone

STEADY = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), oscillator = context.createOscillator();
  const microphone = context.createMediaStreamDestination();
  oscillator.frequency.value = 700;
  oscillator.connect(microphone);
  oscillator.start();
  return microphone.stream;
};
"""
"A microphone that is never silent; the fake one is, between its beeps."
LOUD = 1000
"Of a sample of 16 bits that is no noise."


class Wire:
    """The network between pages and the switch, which can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: list[asyncio.StreamWriter] = []
        self.is_cut = False

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry octets both ways until one side ends."""
        if self.is_cut:
            writer.close()
            return
        far, to_far = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends += [writer, to_far]
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_carry(reader, to_far), _carry(far, writer))

    def cut(self) -> None:
        """End what is open, and let nothing through until `mend`."""
        self.is_cut = True
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def mend(self) -> None:
        self.is_cut = False


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while octets := await reader.read(65_536):
        writer.write(octets)
    writer.close()


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to that URL, and the URL at its near end."""
    between, port = Wire(int(urlsplit(url).port or 0)), free_port()
    server = await asyncio.start_server(between.join, "127.0.0.1", port)
    try:
        yield between, f"ws://127.0.0.1:{port}"
    finally:
        server.close()
        between.cut()
        await asyncio.sleep(0.1)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_call_outlives_its_web_socket(tmp_path: Path, library: str) -> None:
    async with (
        scene(tmp_path, SIP__RECONNECT_TIME="20") as on,
        other_phone(on.program) as phone,
        wire(on.ws) as (between, url),
    ):
        page = await on.browser.phone(library, url, "1000")
        for hangs_up in ("the phone", "the page"):
            await page.tell("call", "1001")
            incoming = await phone.rings()
            await incoming.answer()
            await page.event("confirmed")
            async with Ear(incoming, TONE) as ear:
                await hear_each_other(page, ear)
                between.cut()
                await page.event("disconnected")
                await asyncio.sleep(1)
                between.mend()
                await page.event("registered" if library == "jssip" else "bound", seconds=20)
                await hear_each_other(page, ear)
            if hangs_up == "the phone":
                await incoming.hangup()
                await page.event("ended")  # the BYE came by the new WebSocket
            else:
                await page.tell("hangUp")
                await gone(incoming)
        await on.until_bound("1000", 1)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_call_waits_for_a_page_that_is_about_to_come_back(
    tmp_path: Path, library: str
) -> None:
    async with (
        scene(tmp_path, SIP__RECONNECT_TIME="6") as on,
        peers(on.program, "1001") as (peer,),
        wire(on.ws) as (between, url),
    ):
        page = await on.browser.phone(library, url, "1000")
        between.cut()
        await page.event("disconnected")
        invite = await peer.invite("1000")
        await asyncio.sleep(1)
        between.mend()
        await page.event("rings")
        await page.tell("hangUp")
        await peer.answer_to(invite)

        between.cut()
        await page.event("disconnected")
        invite = await peer.invite("1000")
        answer = await peer.answer_to(invite, seconds=15)
        assert status(answer) == 480, answer
        await on.until_bound("1000", 0)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_page_that_is_loaded_anew_in_a_call_ends_it_in_time(
    tmp_path: Path, library: str
) -> None:
    async with scene(tmp_path, MEDIA__TIMEOUT="4") as on, other_phone(on.program) as phone:
        page = await on.browser.phone(library, on.wss, "1000")
        await page.tell("call", "1001")
        incoming = await phone.rings()
        await incoming.answer()
        await page.event("confirmed")
        async with Ear(incoming, TONE) as ear:
            await hear_each_other(page, ear)
            await page.page.reload()
            await gone(incoming, 4 + 4)
        await page.start(library, on.wss, "1000")
        await page.event("registered")
        outgoing = await phone.dial("1000")
        await page.event("rings")
        await page.tell("answer")
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, TONE) as ear:
            await hear_each_other(page, ear)


class Listener(Rtp):
    """A socket for sound that knows when it was first loud."""

    def __init__(self) -> None:
        super().__init__()
        self.heard_at = 0.0

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        super().datagram_received(data, addr)
        samples = g711.decode_ulaw(np.frombuffer(data[12:], np.uint8))
        if not self.heard_at and data[1] & 0x7F == 0 and np.abs(samples.astype(int)).max() > LOUD:
            self.heard_at = datetime.now().timestamp()


def answered_at(program: Program) -> float:
    """When the switch got the first 200 to an INVITE, in Unix time."""
    for line in program.log().splitlines():
        if re.search(r"<- 200 .* \(INVITE\)", line):
            return datetime.fromisoformat(line.split()[0]).timestamp()
    raise AssertionError("nobody answered")


async def heard_at(page: WebPhone) -> float:
    """When the page first heard something, in Unix time."""
    event = await page.event("heard")
    origin = await page.page.evaluate("() => performance.timeOrigin")
    return float(origin + event["at"]) / 1000


async def steady_page(on: Scene, library: str) -> WebPhone:
    """A registered page whose microphone is never silent."""
    page = await on.browser.open()
    await page.page.evaluate(STEADY)
    await page.start(library, on.wss, "1000")
    await page.event("registered")
    return page


@pytest.mark.timeout(90)
@pytest.mark.parametrize("caller", ["page", "phone"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_both_hear_each_other_within_a_second_of_the_answer(
    tmp_path: Path, library: str, caller: str
) -> None:
    sound = np.frombuffer(tone(TONE, 15), "<i2")
    async with scene(tmp_path) as on, peers(on.program, "1001") as (peer,):
        peer.rtp.close()
        peer.rtp = listener = Listener()
        await listener.open()
        page = await steady_page(on, library)
        if caller == "page":
            await page.tell("call", "1001")
            incoming = await peer.request("INVITE")
            peer.respond(incoming, 180)
            talking = asyncio.create_task(listener.play(media_address(incoming), sound))
            peer.respond(incoming, 200, peer.sdp())
        else:
            invite = await peer.invite("1000")
            await page.event("rings")
            await page.tell("answer")
            answer = await peer.answer_to(invite)
            peer.established(invite, answer)
            talking = asyncio.create_task(listener.play(media_address(answer), sound))
        page_heard = await heard_at(page)
        await until(lambda: listener.heard_at > 0)
        talking.cancel()
        answered = answered_at(on.program)
        seconds = {"page": page_heard - answered, "phone": listener.heard_at - answered}
        print(library, caller, seconds)  # noqa: T201
        assert max(seconds.values()) < 1.0, seconds
