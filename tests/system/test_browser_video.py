"""Pages that offer their camera too: the picture is refused, and the sound goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.system.browser import BEEP, LIBRARIES, WebPhone
from tests.system.pages import TONE, hear_each_other, other_phone, scene
from tests.system.phones import Ear, gone
from tests.system.program import until

OFFERS = {
    "as the browser does it": "// nothing of our own",
    "everything on one port": """

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(settings) { super({ ...settings, bundlePolicy: "max-bundle" }); }
};
""",
    "the picture first": """
const add = RTCPeerConnection.prototype.addTrack;
RTCPeerConnection.prototype.addTrack = function (track, ...streams) {
  if (this.getTransceivers().length === 0) this.addTransceiver("video");
  return add.call(this, track, ...streams);
};
""",
}
"""How the page offers audio and video, as a script that it runs first.

With both of these scripts at once, Chromium takes no answer that refuses the picture: under
`max-bundle` it keeps no port but that of the first stream."""


async def streams(page: WebPhone) -> dict[str, Any]:
    """What page and switch have agreed on, as `phones.js` says it."""
    found: dict[str, Any] = await page.page.evaluate("() => phone.streams()")
    return found


async def only_sound(page: WebPhone, *kinds: str) -> None:
    """These streams were offered; the sound alone flows and is bundled, the others have no port."""
    agreed = await streams(page)
    assert [kind for kind, _ in agreed["ours"]] == list(kinds), agreed
    assert [kind for kind, _ in agreed["theirs"]] == list(kinds), agreed
    assert [kind for kind, port in agreed["theirs"] if port] == ["audio"], agreed
    ((kind, direction, name),) = agreed["flowing"]
    assert (kind, direction, name) == ("audio", "sendrecv", agreed["bundle"]), agreed


@pytest.mark.timeout(150)
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_page_that_offers_its_camera(tmp_path: Path, library: str, offer: str) -> None:
    async with scene(tmp_path) as on, other_phone(on.program) as phone:
        page = await on.browser.open()
        await page.page.add_script_tag(content=OFFERS[offer])
        await page.start(library, on.wss, "1000")
        await page.event("registered")
        await page.tell("call", "1001", True)
        incoming = await phone.rings()
        await incoming.answer()
        await page.event("confirmed")
        async with Ear(incoming, TONE) as ear:
            await hear_each_other(page, ear)
            assert (await page.sound())["lost"] == 0
        kinds = ("video", "audio") if "first" in offer else ("audio", "video")
        await only_sound(page, *kinds)
        await page.tell("hangUp")
        await gone(incoming)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_camera_that_is_switched_on_during_a_call(tmp_path: Path, library: str) -> None:
    async with scene(tmp_path) as on, other_phone(on.program) as phone:
        page = await on.browser.phone(library, on.wss, "1000")
        outgoing = await phone.dial("1000")
        await page.event("rings")
        await page.tell("answer", True)
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, TONE) as ear:
            await hear_each_other(page, ear)
            await page.tell("addCamera")
            await page.event("renegotiated")
            await hear_each_other(page, ear)
            await only_sound(page, "audio", "video")
            await page.page.evaluate("() => phone.hold()")
            await page.event("hold")
            await until(lambda: outgoing.remote_on_hold)
            await page.tell("resume")
            await page.event("unhold")
            await until(lambda: not outgoing.remote_on_hold)
            await hear_each_other(page, ear)
            assert (await page.sound())["lost"] == 0
        await outgoing.hangup()
        await page.event("ended")


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("caller", "callee"), [("jssip", "sipjs"), ("sipjs", "jssip")])
async def test_two_pages_with_cameras(tmp_path: Path, caller: str, callee: str) -> None:
    async with scene(tmp_path) as on:
        one = await on.browser.phone(caller, on.wss, "1000")
        other = await on.browser.phone(callee, on.wss, "1001")
        await one.tell("call", "1001", True)
        await other.event("rings")
        await other.tell("answer", True)
        await one.event("confirmed")
        await one.hears(BEEP)
        await other.hears(BEEP)
        await only_sound(one, "audio", "video")
        for page in (one, other):
            assert (await page.sound())["lost"] == 0
        await one.tell("hangUp")
        await other.event("ended")
