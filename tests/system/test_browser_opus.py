"""Pages that speak Opus at 48,000 samples a second, and press keys at that clock (RFC 4733)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.browser import BEEP, LIBRARIES, WebPhone
from tests.system.pages import scene
from tests.system.test_commands import ivr, sound_file

PROMPT, ANSWER = 900.0, 1300.0
"Hz of what the menu plays, before and after the key."
MENU = """<Response>
<UserInput Digits="2" Timeout="10"><InitialCommands><Play>prompt.wav</Play></InitialCommands>
<Inputs><Input Key="47"><Play>answer.wav</Play></Input></Inputs></UserInput></Response>"""
MAPS = """() => {
  const formats = /^a=rtpmap:(\\d+) (\\S+)/gm;
  const read = ({ sdp }) => [...sdp.matchAll(formats)].map((found) => found.slice(1));
  return [read(phone.connection.localDescription), read(phone.connection.remoteDescription)];
}"""
"The formats of both descriptions: payload types and what they stand for."


async def agreed(page: WebPhone) -> list[str]:
    """The formats that the switch has answered, in its order, all of them offered so."""
    ours, theirs = await page.page.evaluate(MAPS)
    assert all(each in ours for each in theirs), (ours, theirs)
    return [name for _, name in theirs]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_menu_hears_the_keys_of_a_page(tmp_path: Path, library: str) -> None:
    sound_file(tmp_path, "prompt.wav", PROMPT, 20)
    sound_file(tmp_path, "answer.wav", ANSWER, 20)
    extensions = ivr(tmp_path, MENU)
    async with scene(tmp_path, extensions, MEDIA__CODECS='["opus", "PCMU"]') as on:
        page = await on.browser.phone(library, on.wss, "1000")
        await page.tell("call", "600")
        await page.event("confirmed")
        await page.hears(PROMPT)
        formats = await agreed(page)
        assert formats[0] == "opus/48000/2"
        assert "telephone-event/48000" in formats
        await page.tell("press", "47")
        await page.hears(ANSWER)
        sound = await page.sound()
        assert sound["lost"] == 0
        assert "audio/opus" in sound["codecs"]
        await page.tell("hangUp")
        await page.event("ended")


@pytest.mark.timeout(90)
async def test_two_pages_speak_opus_from_end_to_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        one = await on.browser.phone("jssip", on.wss, "1000")
        other = await on.browser.phone("sipjs", on.wss, "1001")
        await one.tell("call", "1001")
        await other.event("rings")
        await other.tell("answer")
        await one.event("confirmed")
        for page in (one, other):
            await page.hears(BEEP)
            sound = await page.sound()
            assert (sound["lost"], sound["codecs"][0]) == (0, "audio/opus")
        formats = await agreed(one)
        assert formats[0] == "opus/48000/2"
        assert "telephone-event/48000" in formats
        await other.tell("hangUp")
        await one.event("ended")
