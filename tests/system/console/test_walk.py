"""The console in a browser, beside real phones: each page, its words, bad names, rights.

Nothing of it may ask another host, complain to the browser's console, or be a barrier (axe-core).
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, Request, async_playwright, expect

from tests.system.console.built import packages
from tests.system.phones import Ear, phones
from tests.system.program import Program, running

MARKUP = "<img src=x onerror=alert(1)>"
"A name that would run a script where it became an element."
SETTINGS = f"""
[[extensions]]
number = "1000"
type = "phone"
name = "{MARKUP}"
password = "pw1000"
[[extensions]]
number = "1001"
type = "phone"
name = "Bert"
password = "pw1001"
[[extensions]]
number = "750"
type = "queue"
agents = ["1001"]
[[extensions]]
number = "3000"
type = "conference"
[[extensions]]
number = "8000"
type = "voicemail"
[[routes]]
number = "0*"
to = "refuse:403"
reason = "Ask the office"
[[addressbooks]]
name = "office"
contacts = [{{ name = "{MARKUP}", phone = "1000" }}]
[[http.users]]
username = "eye"
password = "pw-eye"
role = "viewer"
"""


class Tab:
    """A page of the browser, and all that went wrong in it."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin
        self.wrong: list[str] = []
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._asked)
        page.on("dialog", lambda dialog: self.wrong.append(f"a script runs: {dialog.message}"))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "blob:", "data:")):
            self.wrong.append(f"asks {request.url}")

    async def sign_in(self, user: str = "admin") -> None:
        await self.page.goto(self.origin)
        await self.page.get_by_label("User").fill(user)
        await self.page.get_by_label("Password").fill(f"pw-{user}")
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    async def go(self, place: str) -> None:
        await self.page.goto(f"{self.origin}/#/{place}")
        await expect(self.page.locator("main h1")).to_be_visible()
        await expect(self.page.get_by_text("Loading …")).to_have_count(0)

    async def barriers(self) -> list[str]:
        """What axe-core finds."""
        script = (packages() / "axe-core" / "axe.min.js").read_text()
        await self.page.evaluate(script + ";0")
        found = await self.page.evaluate("() => axe.run()")
        return [
            f"{each['id']}: {node['html'][:200]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]


@asynccontextmanager
async def console(program: Program, **context: object) -> AsyncIterator[Tab]:
    """A tab at the console of a switch."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "Chromium is not installed (package chromium)"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            options = {"viewport": {"width": 1280, "height": 800}, "locale": "en", **context}
            page = await (await browser.new_context(**options)).new_page()  # type: ignore[arg-type]
            yield Tab(page, f"http://127.0.0.1:{program.http_port}")
        finally:
            await browser.close()


PLACES = (
    *("now", "queues", "conferences", "history", "call", "recordings", "voicemail"),
    *("extensions", "trunks", "routes", "calendars", "budgets", "lamp_lists", "prompts"),
    *("messages", "alarms", "contacts", "bans", "audit", "users", "settings"),
)


@pytest.mark.timeout(240)
async def test_each_page_beside_calls(tmp_path: Path) -> None:
    """With calls up: every page is shown in both colours, by a name that is markup, and acts."""
    await asyncio.to_thread(packages)
    async with (
        running(tmp_path, SETTINGS) as program,
        phones() as makers,
        console(program) as tab,
    ):
        anna = await makers.register(program, "1000")
        bert = await makers.register(program, "1001")
        call = await anna.dial("1001")
        answered = await bert.rings()
        await answered.answer()
        status, _ = await program.v1("post", "messages", {"to": "1001", "text": MARKUP})
        assert status == 201
        async with Ear(call, 440), Ear(answered, 880):
            await tab.sign_in()
            found = {}
            for place in PLACES:
                await tab.go(place)
                found[place] = await tab.barriers()
            assert not {place: each for place, each in found.items() if each}
            await tab.page.emulate_media(color_scheme="dark")
            for place in ("now", "extensions", "settings"):
                await tab.go(place)
                assert await tab.barriers() == [], f"{place}, dark"
            await tab.go("now")
            row = tab.page.get_by_role("row").filter(has_text="1001")
            await expect(row).to_contain_text(MARKUP)
            await row.get_by_role("link").click()
            await expect(
                tab.page.get_by_role("button", name=re.compile("INVITE")).first
            ).to_be_visible()
            await expect(tab.page.get_by_label("Score (MOS)")).to_be_visible(timeout=15_000)
            assert await tab.barriers() == []
            await tab.go("now")
            await row.get_by_role("button", name="Hang up").click()
            await expect(row).to_have_count(0)
        await tab.go("history")
        await expect(tab.page.locator("tbody tr")).to_have_count(1)
        await tab.page.get_by_role("searchbox").fill("4711")
        await expect(tab.page.get_by_text("Nothing matches.")).to_be_visible()
        await tab.go("messages/outbox")
        assert tab.wrong == []


@pytest.mark.timeout(240)
async def test_settings_are_changed(tmp_path: Path) -> None:
    """A phone is added, changed and removed by a form; a route is explained."""
    await asyncio.to_thread(packages)
    async with running(tmp_path, SETTINGS) as program, console(program) as tab:
        await tab.sign_in()
        await tab.go("extensions")
        page = tab.page
        await page.get_by_role("button", name="Add").click()
        await page.get_by_label("number", exact=True).fill("1005")
        await page.get_by_label("name", exact=True).fill(MARKUP)
        assert await tab.barriers() == []
        await page.get_by_role("button", name="Save").click()
        row = page.get_by_role("row").filter(has_text="1005")
        await expect(row).to_contain_text(MARKUP)
        await row.get_by_role("button", name="Edit").click()
        await page.get_by_label("name", exact=True).fill("Eva")
        await page.get_by_role("button", name="Save").click()
        await expect(row).to_contain_text("Eva")
        assert (await program.v1("get", "extensions/1005"))[1]["entry"]["name"] == "Eva"
        await row.get_by_role("button", name="Remove").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(row).to_have_count(0)
        await tab.go("routes")
        await page.get_by_label("Number as dialled").fill("030123")
        await page.get_by_role("button", name="Explain").click()
        await expect(page.get_by_role("cell", name="refuse:403").first).to_be_visible()
        await tab.go("settings")
        await page.get_by_role("button", name="Check the file").click()
        await expect(
            page.get_by_role("status").filter(has_text="The file is right")
        ).to_be_visible()
        assert tab.wrong == []


@pytest.mark.timeout(240)
async def test_a_viewer_on_a_small_screen_in_german(tmp_path: Path) -> None:
    """Who may only see has no buttons that change anything; a wrong password is told so."""
    await asyncio.to_thread(packages)
    async with (
        running(tmp_path, SETTINGS) as program,
        console(program, viewport={"width": 390, "height": 780}) as tab,
    ):
        await tab.sign_in("eye")
        page = tab.page
        await page.get_by_role("button", name="Open the menu").click()
        await page.get_by_label("Language").select_option("de")
        await page.get_by_role("link", name="Nebenstellen").click()
        await expect(page.get_by_role("heading", name="Nebenstellen", level=1)).to_be_visible()
        await expect(page.get_by_role("button", name="Hinzufügen")).to_have_count(0)
        assert await tab.barriers() == []
        width = await page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 390, "the page itself does not scroll sideways"
        assert tab.wrong == []
        await page.keyboard.press("Control+k")
        await page.keyboard.type("Bans")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Sperren", level=1)).to_be_visible()
        await page.get_by_role("button", name="Menü öffnen").click()
        await page.get_by_role("button", name="Abmelden").click()
        await page.get_by_label("Benutzer").fill("eye")
        await page.get_by_label("Passwort").fill("wrong")
        await page.get_by_role("button", name="Anmelden").click()
        await expect(page.get_by_role("alert")).not_to_be_empty()


@pytest.mark.timeout(240)
async def test_the_page_can_be_used_at_once(tmp_path: Path) -> None:
    """Within a second of its own clock, from the request to the form that takes the focus."""
    async with running(tmp_path, SETTINGS) as program, console(program) as tab:
        await tab.page.goto(tab.origin)
        await expect(tab.page.get_by_label("User")).to_be_focused()
        ready = await tab.page.evaluate(
            "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
        print(f"first paint after {ready:.0f} ms")  # noqa: T201
        assert ready < 1_000 * 5, "five times the figure: tests share the machine"
        assert tab.wrong == []
