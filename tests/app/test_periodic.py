"""Work beside the calls: the tables of the guard do not keep what is too old to matter."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.app import periodic
from softswitch.app.periodic import forget_sources
from softswitch.guard.accounts import Accounts
from softswitch.guard.authentication import Gate
from softswitch.guard.bans import BanList
from softswitch.guard.rates import Rates, RequestSource
from softswitch.sip.requests.nonce import Nonces


async def test_the_guard_forgets_while_nobody_asks_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(periodic, "FORGET_SECONDS", 0.0)
    now = 0.0
    nonces, rates, listed = Nonces(b"key"), Rates(10.0), BanList(clock=lambda: now)
    bans = listed.open("SIP")
    gate = Gate(
        Accounts("example.org", ["MD5"], b"key"),
        nonces,
        rates=rates,
        bans=bans,
        unproven=listed.open("SIP, source not proven"),
        key=b"key",
    )
    nonces.use("nonce", 0.0, 1, 0.0)
    rates.take("192.0.2.1", 0.0)
    bans.wrong(RequestSource("192.0.2.1", False), "1000")
    task = asyncio.create_task(forget_sources(gate, listed, lambda: now))
    await _turns()
    assert (len(nonces), len(rates), len(bans)) == (1, 1, 2)
    now = 86_400.0
    await _turns()
    assert (len(nonces), len(rates), len(bans)) == (0, 0, 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _turns() -> None:
    """Let the loop turn a few times."""
    for _ in range(5):
        await asyncio.sleep(0)
