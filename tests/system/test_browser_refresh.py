"""Calls of pages that last longer than a session timer: each library refreshes, or is refreshed.

RFC 4028. JsSIP asks for 90 seconds and sends UPDATE, SIP.js asks for nothing and gets a re-INVITE.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.system.browser import BEEP, LIBRARIES, WebPhone
from tests.system.pages import TONE, hear_each_other, scene
from tests.system.phones import Ear, phones
from tests.system.program import until
from tests.system.signals import clearest


@pytest.mark.timeout(180)
async def test_calls_outlive_their_session_timers(tmp_path: Path) -> None:
    shortest = {"SIP__SESSION_EXPIRES": "90", "SIP__MIN_SESSION_EXPIRES": "90"}
    async with (
        scene(tmp_path, **shortest) as on,
        phones() as makers,
        AsyncExitStack() as stack,
    ):
        calls: list[tuple[WebPhone, Ear]] = []
        for place, library in enumerate(LIBRARIES):
            page = await on.browser.phone(library, on.ws, f"100{place}")
            phone = await makers.register(on.program, f"100{place + 5}")
            await page.tell("call", phone.number)
            incoming = await phone.rings()
            await incoming.answer()
            await page.event("confirmed")
            ear = await stack.enter_async_context(Ear(incoming, TONE))
            await hear_each_other(page, ear)
            calls.append((page, ear))
        await asyncio.sleep(68)  # unrefreshed, the calls would end after 60
        for page, ear in calls:
            ear.heard.clear()
            # The tone of the phone is over by then; the beeps of the page never are.
            await until(lambda ear=ear: clearest(ear.since(2), BEEP, 0.1) > 0.5)  # type: ignore[misc]
            await page.tell("hangUp")
            await page.event("ended")
