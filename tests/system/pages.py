"""A switch that pages reach by WebSocket, a browser, and a phone that the pages talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from softswitch.cli.authority import Authority
from tests.ports import free_port
from tests.postgresql import mappings
from tests.system.browser import BEEP, Chromium, WebPhone, chromium
from tests.system.phones import Ear, Phone, phones
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
async def scene(directory: Path, extensions: str = PHONES, **settings: str) -> AsyncIterator[Scene]:
    certificate, key = directory / "server.pem", directory / "server.key"
    Authority.make("Trial CA").issue(["127.0.0.1"]).write(certificate, key)
    program = Program(directory, extensions)
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
            extensions,
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
