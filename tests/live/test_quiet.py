"""Work on many entries: the collector rests, and everything is as before when the last one ends."""

from __future__ import annotations

import gc
import sys

import pytest

from softswitch.live.quiet import MANY, SWITCH_SECONDS, quietly


def is_quiet() -> bool:
    return not gc.isenabled() and sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)


async def test_it_is_quiet_until_the_last_work_ends() -> None:
    before = sys.getswitchinterval()
    first, second = quietly(MANY), quietly(MANY)
    await first.__aenter__()
    await second.__aenter__()
    assert is_quiet()
    await first.__aexit__(None, None, None)
    assert is_quiet(), "the second one goes on"
    await second.__aexit__(None, None, None)
    assert gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(before)


async def test_it_ends_with_a_mistake_as_well() -> None:
    with pytest.raises(ZeroDivisionError):
        async with quietly(MANY):
            assert is_quiet()
            _ = 1 / 0
    assert gc.isenabled()


async def test_little_work_is_not_worth_it() -> None:
    async with quietly(MANY - 1):
        assert not is_quiet()
