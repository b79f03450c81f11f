"""Pages whose WebSocket comes over IPv6; their sound goes by the family of their description."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.browser import LIBRARIES, chromium
from tests.system.pages import PHONES, hear_each_other, other_phone
from tests.system.phones import Ear
from tests.system.program import running


@pytest.mark.timeout(90)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_page_calls_by_a_web_socket_over_ipv6(tmp_path: Path, library: str) -> None:
    sip, ws = free_port(), free_port()
    listen = [f"{kind}:{host}:{sip}" for kind in ("udp", "tcp") for host in ("127.0.0.1", "[::1]")]
    overrides = {"SIP__LISTEN": json.dumps([*listen, f"ws:[::1]:{ws}"])}
    async with (
        running(tmp_path, PHONES, sip_port=sip, overrides=overrides) as program,
        other_phone(program) as phone,
        chromium() as browser,
    ):
        page = await browser.phone(library, f"ws://[::1]:{ws}", "1000")
        await page.tell("call", "1001")
        incoming = await phone.rings()
        await incoming.answer()
        await page.event("confirmed")
        async with Ear(incoming, 600) as ear:
            await hear_each_other(page, ear)
        await page.tell("hangUp")
        await page.event("ended")
