"""Many far ends like browsers are set up while sound is played to others: no tick is skipped."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from softswitch.calls.ports.media_port import Dtls, Security
from tests.system.media.webrtc_peer import new_ice
from tests.system.media.workers import PCMU, run_workers

LOAD = Path(__file__).parents[3] / "benchmarks" / "handshake_load.py"
BROWSERS, PLAYING = 30, 30
"A third of what `benchmarks/handshakes.py` measures: tests share the machine."
WITHIN = 2.0
"Seconds in which they begin."


async def set_up() -> tuple[dict[str, Any], int]:
    """Return what the browsers saw, and how many ticks were skipped."""
    command = (sys.executable, str(LOAD), "--browsers", str(BROWSERS))
    async with run_workers() as running:
        for _ in range(PLAYING):
            _, port = await running.party()
            port.play_tone("dial")
        load = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert load.stdin is not None
        assert load.stdout is not None
        fingerprint = json.loads(await load.stdout.readline())
        await asyncio.sleep(1.5)
        before = running.workers.reports()[0].ticks_skipped
        for _ in range(BROWSERS):
            port, ice = await running.workers.open(), new_ice()
            dtls = Dtls(active=False, fingerprints=(fingerprint,))
            security = Security(dtls=dtls, ice=ice, mux=True)
            port.configure(remote=None, codecs=[PCMU], security=security)
            port.play_tone("dial")
            await port.statistics()
            load.stdin.write(json.dumps([port.rtp_port, ice.ufrag, ice.pwd]).encode() + b"\n")
            await asyncio.sleep(WITHIN / BROWSERS)
        seen: dict[str, Any] = json.loads(await load.stdout.readline())
        await load.wait()
        await asyncio.sleep(1.2)
        report = running.workers.reports()[0]
        assert report.faults == 0
        return seen, report.ticks_skipped - before


async def test_handshakes_delay_no_tick() -> None:
    seen, skipped = await set_up()
    assert seen["heard"] == BROWSERS
    assert skipped == 0
