"""Headless Chromium with a phone in its page, JsSIP or SIP.js (`tests/browser/`).

Its microphone is Chromium's fake device, which beeps at 410 Hz once a second. What the phone
tells is `events` of `phones.js`.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, Page, async_playwright

from tests.ports import free_port

FOLDER = Path(__file__).parents[1] / "browser"
LIBRARIES = ("jssip", "sipjs")
BEEP = 410.0
"Hz of the fake microphone."
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    # Nobody looks at the page, and its timers must run all the same.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
)


@cache
def bundle() -> Path:
    """The script of the phones, bundled anew when one of its sources is newer; skips without npm.

    Several processes run tests; one of them bundles.
    """
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed (package npm)")
    script = FOLDER / "bundle" / "phones.js"
    with (FOLDER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_older(FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"):
            _run("npm", "ci", "--no-audit", "--no-fund")
        if _is_older(script, FOLDER / "phones.js", FOLDER / "package-lock.json"):
            _run("npm", "run", "bundle")
    return script


def _is_older(made: Path, *sources: Path) -> bool:
    if not made.exists():
        return True
    return any(source.stat().st_mtime > made.stat().st_mtime for source in sources)


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


class WebPhone:
    """A phone in a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen = 0
        "Events that the test has been told of."

    async def start(self, library: str, url: str, number: str, **more: Any) -> None:
        """Load the phone, which connects and registers by itself."""
        options = {"url": url, "domain": "127.0.0.1", "user": number, "password": f"pw{number}"}
        self.seen = 0
        await self.page.evaluate(
            "([library, options]) => Phones.start(library, options)",
            [library, {**options, "more": more}],
        )

    async def tell(self, what: str, *arguments: Any) -> Any:
        """Call a method of the phone, and do not wait for what it promises."""
        return await self.page.evaluate(
            "([what, more]) => { phone[what](...more); }", [what, list(arguments)]
        )

    async def events(self) -> list[dict[str, Any]]:
        """All that has happened."""
        found: list[dict[str, Any]] = await self.page.evaluate("() => phone.events")
        return found

    async def event(self, *names: str, seconds: float = 10.0, **fields: Any) -> dict[str, Any]:
        """The next event of one of these names with these fields; others before it are dropped."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.events()
            for place in range(self.seen, len(found)):
                each = found[place]
                if each["what"] in names and fields.items() <= each.items():
                    self.seen = place + 1
                    return each
            assert asyncio.get_running_loop().time() < deadline, (
                f"none of {names} {fields}; since the last one: {found[self.seen :]}"
            )
            await asyncio.sleep(0.05)

    async def sound(self) -> dict[str, Any]:
        """What the page hears, as `phones.js` says it."""
        found: dict[str, Any] = await self.page.evaluate("() => phone.sound()")
        return found

    async def hears(self, frequency: float, seconds: float = 10.0, width: float = 30.0) -> None:
        """Wait until this is the strongest frequency that the page hears."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            sound = await self.sound()
            if abs(sound["frequency"] - frequency) <= width and sound["level"] > -60:
                return
            assert asyncio.get_running_loop().time() < deadline, sound
            await asyncio.sleep(0.1)


class Chromium:
    """A browser, and the server of its pages."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self._browser = browser
        self.origin = origin

    async def open(self, path: str = "/page.html") -> WebPhone:
        """A page of its own; what it writes to the console as an error fails nothing."""
        context = await self._browser.new_context()
        page = await context.new_page()
        await page.goto(self.origin + path)
        return WebPhone(page)

    async def phone(self, library: str, url: str, number: str, **more: Any) -> WebPhone:
        """A phone that has registered."""
        phone = await self.open()
        await phone.start(library, url, number, **more)
        await phone.event("registered", seconds=15)
        return phone


@asynccontextmanager
async def chromium(
    *trusted: Path, folder: Path = FOLDER, more: Sequence[str] = ()
) -> AsyncIterator[Chromium]:
    """A browser for the length of a test; it believes these certificates without an authority.

    Its pages come from the folder. Skips the test where Chromium is not installed.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed (package chromium)")
    await asyncio.to_thread(bundle)
    keys = ",".join(map(_key_of, trusted))
    arguments = [*ARGUMENTS, *more]
    if keys:
        arguments.append(f"--ignore-certificate-errors-spki-list={keys}")
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=arguments)
            try:
                yield Chromium(browser, f"http://127.0.0.1:{port}")
            finally:
                await browser.close()
    finally:
        await runner.cleanup()


def _key_of(certificate: Path) -> str:
    """The hash of a public key, as Chromium wants it."""
    found = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    octets = found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()
