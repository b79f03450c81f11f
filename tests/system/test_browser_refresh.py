"""Calls of pages that last longer than a session timer: each library refreshes, or is refreshed.

RFC 4028. JsSIP asks for 90 seconds and sends UPDATE, SIP.js asks for nothing and gets a re-INVITE.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.browser import BEEP, LIBRARIES
from tests.system.pages import TONE, hear_each_other, other_phone, scene
from tests.system.phones import Ear
from tests.system.program import until
from tests.system.signals import clearest


@pytest.mark.timeout(180)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_call_outlives_its_session_timer(tmp_path: Path, library: str) -> None:
    shortest = {"SIP__SESSION_EXPIRES": "90", "SIP__MIN_SESSION_EXPIRES": "90"}
    async with scene(tmp_path, **shortest) as on, other_phone(on.program) as phone:
        page = await on.browser.phone(library, on.ws, "1000")
        await page.tell("call", "1001")
        incoming = await phone.rings()
        await incoming.answer()
        await page.event("confirmed")
        async with Ear(incoming, TONE) as ear:
            await hear_each_other(page, ear)
            await asyncio.sleep(68)  # unrefreshed, the call would end after 60
            # The tone of the phone is over by then; the beeps of the page never are.
            await until(lambda: clearest(ear.since(2), BEEP, 0.1) > 0.5, 10)
        await page.tell("hangUp")
        await page.event("ended")
