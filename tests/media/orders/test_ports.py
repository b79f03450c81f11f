"""Pairs of ports: drawn, rested, shared between workers."""

from __future__ import annotations

import random
from functools import partial

import pytest

from media.orders.ports import PortPool


def test_pairs_are_even_inside_the_range_and_each_only_once() -> None:
    pool = PortPool(10001, 10010)
    drawn = [pool.draw() for _ in range(5)]
    assert sorted(port for port in drawn if port) == [10002, 10004, 10006, 10008]
    assert drawn[-1] is None


def test_the_last_pair_needs_its_odd_port_inside_the_range() -> None:
    assert PortPool(10000, 10002).size == 1
    assert PortPool(10000, 10003).size == 2


def test_the_choice_is_random() -> None:
    draws = [PortPool(10000, 19999, choose=random.Random(seed)).draw() for seed in range(20)]
    assert len(set(draws)) > 15


def test_a_freed_pair_rests_and_then_is_used_again() -> None:
    pool = PortPool(10000, 10001, quarantine=5.0)
    assert pool.draw() == 10000
    pool.give_back(10000, now=100.0)
    assert (pool.free, pool.resting) == (0, 1)
    pool.wake(104.9)
    assert pool.draw() is None
    pool.wake(105.0)
    assert pool.draw() == 10000


def test_workers_share_the_range_without_overlap() -> None:
    pools = [PortPool(10000, 10019, share=share, shares=3) for share in range(3)]
    drawn = [port for pool in pools for port in iter(pool.draw, None)]
    assert sorted(drawn) == list(range(10000, 10020, 2))


@pytest.mark.parametrize(("pairs", "kept"), [(7, 0), (8, 2), (15, 2), (16, 4), (5000, 4)])
def test_the_last_pairs_are_for_emergency_calls(pairs: int, kept: int) -> None:
    pool = PortPool(10000, 9999 + 2 * pairs)
    assert len(list(iter(pool.draw, None))) == pairs - kept
    assert len(list(iter(partial(pool.draw, is_urgent=True), None))) == kept
    assert pool.free == 0


def test_nothing_leaks_over_many_calls() -> None:
    pool = PortPool(10000, 10099, quarantine=1.0)
    for call in range(1000):
        now = float(call)
        pool.wake(now)
        ports = [pool.draw(), pool.draw()]
        for port in ports:
            assert port is not None
            pool.give_back(port, now)
    pool.wake(1e9)
    assert (pool.free, pool.resting) == (50, 0)
