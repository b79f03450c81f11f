"""The page of `docs/browser-phone.md`, as it is printed: it registers, calls and is called."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.ports import free_port
from tests.system.browser import BEEP, FOLDER, bundle, chromium
from tests.system.phones import Ear, gone, phones
from tests.system.program import REPOSITORY, running, until
from tests.system.signals import clearest

DOCUMENT = (REPOSITORY / "docs" / "browser-phone.md").read_text()
PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""
FREQUENCIES = """() => new Promise((done) => {
  const context = new AudioContext(), analyser = context.createAnalyser();
  analyser.fftSize = 16384;
  context.createMediaStreamSource(document.getElementById("sound").srcObject).connect(analyser);
  setTimeout(() => {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    done(bins.indexOf(Math.max(...bins)) * context.sampleRate / analyser.fftSize);
  }, 1000);
})"""
"The strongest frequency in the page's loudspeaker."


def printed(kind: str) -> str:
    """The block of that kind in the document."""
    (block,) = re.findall(rf"^```{kind}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    return str(block)


def build(folder: Path) -> None:
    """What the document says, with the packages that are here already."""
    bundle()
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    (command,) = re.findall(r"^    npx (esbuild .*)$", DOCUMENT, re.MULTILINE)
    subprocess.run(["npx", *shlex.split(command)], cwd=folder, check=True, capture_output=True)
    (folder / "phone.html").write_text(printed("html"))


async def shows(page: Page, text: str) -> None:
    await page.wait_for_function(
        "text => document.getElementById('state').textContent === text", arg=text, timeout=15_000
    )


def test_the_page_has_thirty_lines_and_the_packages_of_the_tests() -> None:
    assert len(printed("html").splitlines()) <= 30
    (packages,) = re.findall(r"^    npm install (.*)$", DOCUMENT, re.MULTILINE)
    ours = (FOLDER / "package.json").read_text()
    for package in packages.split():
        name, version = package.split("@")
        assert f'"{name}": "{version}"' in ours


@pytest.mark.timeout(120)
async def test_the_page_registers_and_talks(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    await asyncio.to_thread(build, site)
    sip, ws = free_port(), free_port()
    (listen,) = re.findall(r'^    listen = (\[.*"ws:.*\])$', DOCUMENT, re.MULTILINE)
    listen = listen.replace("0.0.0.0:5060", f"127.0.0.1:{sip}").replace("8088", str(ws))
    async with (
        running(tmp_path, PHONES, sip_port=sip, overrides={"SIP__LISTEN": listen}) as program,
        phones() as makers,
        chromium(folder=site) as browser,
    ):
        phone = await makers.register(program, "1001")
        page = (await browser.open("/phone.html")).page
        await page.fill("#server", f"ws://127.0.0.1:{ws}")
        await page.fill("#user", "1000")
        await page.fill("#password", "wrong")
        await page.click("#login button")
        await shows(page, "Authentication Error")
        await page.reload()
        await page.fill("#server", f"ws://127.0.0.1:{ws}")
        await page.fill("#user", "1000")
        await page.fill("#password", "pw1000")
        await page.click("#login button")
        await shows(page, "registered")

        await page.fill("#number", "1001")
        await page.click("#dial button")
        incoming = await phone.rings()
        await incoming.answer()
        await shows(page, "talking")
        async with Ear(incoming, 600) as ear:
            await until(lambda: clearest(ear.since(2), BEEP, 0.1) > 0.5, 10)
            assert abs(await page.evaluate(FREQUENCIES) - 600) < 30
        await page.click("#end")
        await gone(incoming)
        await shows(page, "registered")

        outgoing = await phone.dial("1000")
        await shows(page, "1001 calls")
        await page.click("#answer")
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, 600) as ear:
            await until(lambda: clearest(ear.since(2), BEEP, 0.1) > 0.5, 10)
            assert abs(await page.evaluate(FREQUENCIES) - 600) < 30
        await outgoing.hangup()
        await shows(page, "registered")
