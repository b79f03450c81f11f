"""Token buckets and bans: exact at their bounds, bounded in their size."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from softswitch.guard.bans import LONGEST, Bans
from softswitch.guard.rates import Rates, RequestSource, RequestSources


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


def test_the_fifth_failure_within_the_window_bans() -> None:
    bans = Bans(5, 60.0, 300.0)
    assert [bans.failed("a", "1000", float(second)) for second in range(5)] == [0, 0, 0, 0, 300.0]
    assert bans.banned("a", "1000", 303.9)
    assert not bans.banned("a", "1000", 304.0)
    assert not bans.banned("a", "2000", 10.0)
    assert not bans.banned("b", "1000", 10.0)


def test_slow_failures_and_a_success_do_not_ban() -> None:
    bans = Bans(5, 60.0, 300.0)
    assert not any(bans.failed("a", "1000", second * 15.0) for second in range(40))
    for second in range(4):
        bans.failed("b", "1000", float(second))
    bans.succeeded("b", "1000")
    assert not bans.failed("b", "1000", 5.0)


def test_every_further_ban_doubles_up_to_a_day_and_is_forgotten_after_a_quiet_one() -> None:
    bans = Bans(1, 60.0, 300.0)
    now, seconds = 0.0, []
    for _ in range(12):
        seconds.append(bans.failed("a", "1000", now))
        now += seconds[-1] + 1.0
    assert seconds[:4] == [300.0, 600.0, 1200.0, 2400.0]
    assert seconds[-1] == LONGEST
    assert bans.failed("a", "1000", now + 2 * LONGEST) == 300.0


def test_guessing_at_many_accounts_shuts_the_source_out() -> None:
    bans = Bans(5, 60.0, 300.0)
    results = [bans.failed("a", str(number), 0.0) for number in range(50)]
    assert results == [0.0] * 49 + [300.0]
    assert bans.banned("a", "", 1.0)


def test_bans_are_bounded() -> None:
    bans = Bans(capacity=100)
    for number in range(1000):
        bans.failed(str(number), "1000", 0.0)
    assert len(bans) <= 100
