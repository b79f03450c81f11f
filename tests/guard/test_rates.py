"""Token buckets: exact at their bounds, bounded in their size."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from softswitch.guard.rates import KNOWN, Rates, RequestSource, RequestSources


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    rates = Rates(10.0, 3.0)
    assert [rates.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [rates.take("a", 0.1) for _ in range(2)] == [True, False]
    assert [rates.take("a", 100.0) for _ in range(4)] == [True, True, True, False]
    assert rates.take("b", 0.0)


def test_a_clock_that_is_set_back_gives_nothing_away() -> None:
    rates = Rates(10.0, 1.0)
    assert rates.take("a", 1000.0)
    assert not rates.take("a", 0.0)


def test_buckets_are_bounded_and_the_idle_one_goes_first() -> None:
    rates = Rates(0.001, 1.0, capacity=2)
    for source in ("a", "b", "a", "c"):
        rates.take(source, 0.0)
    assert len(rates) == 2
    assert not rates.take("a", 0.0)
    assert rates.take("b", 0.0)


@pytest.mark.parametrize(
    ("host", "key", "trusted"),
    [
        ("192.0.2.1", "192.0.2.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::1", "::/64", True),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
        ("not an address", "not an address", False),
    ],
)
def test_sources(host: str, key: str, trusted: bool) -> None:
    sources = RequestSources([ip_network("127.0.0.0/8"), ip_network("::1/128")])
    assert sources.find(host) == sources.find(host) == RequestSource(key, trusted)


def test_a_bucket_is_forgotten_when_it_is_full_again() -> None:
    rates = Rates(10.0, 20.0)
    for number in range(20):
        rates.take(str(number), 0.0)
    for _ in range(20):
        rates.take("busy", 0.0)
    rates.forget(0.05)
    assert len(rates) == 21
    rates.forget(0.1)
    assert len(rates) == 1
    assert not rates.take("busy", 0.05)
    rates.forget(2.1)
    assert len(rates) == 0


def test_remembered_addresses_are_bounded() -> None:
    sources = RequestSources()
    for number in range(KNOWN + 100):
        sources.find(f"10.0.{number // 256}.{number % 256}")
    assert len(sources) <= KNOWN
