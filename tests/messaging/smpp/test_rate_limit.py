"""The rate of a connection, and the pauses that a throttling peer asks for; in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.messaging.smpp.rate_limit import LAST_PAUSE, RateLimit
from tests.calls.virtual_time import run


async def turns(limit: RateLimit, count: int) -> list[float]:
    """When so many turns came, in seconds from the first."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    moments = []
    for _ in range(count):
        await limit.wait()
        moments.append(loop.time() - began)
    return moments


@pytest.mark.parametrize(("rate", "moments"), [(None, [0, 0, 0]), (4.0, [0, 0.25, 0.5])])
def test_turns_come_at_the_rate(rate: float | None, moments: list[float]) -> None:
    assert run(turns(RateLimit(rate), 3)) == pytest.approx(moments)


def test_pauses_double_until_the_peer_takes_something() -> None:
    async def story() -> None:
        limit = RateLimit(None)
        pauses = []
        for _ in range(12):
            limit.slower()
            pauses.append((await turns(limit, 1))[0])
        assert pauses[1] == pytest.approx(2 * pauses[0], rel=1e-3)
        assert pauses[-1] == pytest.approx(LAST_PAUSE)
        limit.faster()
        limit.slower()
        assert await turns(limit, 1) == pytest.approx(pauses[:1], rel=1e-3)

    run(story())
