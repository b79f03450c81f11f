"""Bans: when they begin and end, what they hit, what is listed and lifted, what is logged."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from softswitch.guard.bans import LONGEST, NAME_LENGTH, BanList, Bans, BanTerms
from softswitch.guard.events import SecurityEvent, SecurityEvents
from softswitch.guard.rates import RequestSource


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(host: str, *, trusted: bool = False) -> RequestSource:
    return RequestSource(host, trusted)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bans(clock: Clock) -> Bans:
    return Bans("SIP", BanTerms(5, 60.0, 300.0), clock=clock)


def guess(bans: Bans, source: str = "a", account: str = "1000", times: int = 5) -> None:
    for _ in range(times):
        bans.wrong(at(source), account)


def test_the_fifth_failure_within_the_window_bans(bans: Bans, clock: Clock) -> None:
    for second in range(5):
        assert not bans.refuses(at("a"), "1000")
        clock.now = float(second)
        guess(bans, times=1)
    clock.now = 303.9
    assert bans.refuses(at("a"), "1000")
    assert not bans.refuses(at("a"), "2000")
    assert not bans.refuses(at("a"))
    assert not bans.refuses(at("b"), "1000")
    clock.now = 304.0
    assert not bans.refuses(at("a"), "1000")


def test_slow_failures_and_a_success_do_not_ban(bans: Bans, clock: Clock) -> None:
    for second in range(40):
        clock.now = second * 15.0
        guess(bans, times=1)
    assert not bans.refuses(at("a"), "1000")
    guess(bans, "b", times=4)
    bans.right(at("b"), "1000")
    guess(bans, "b", times=1)
    assert not bans.refuses(at("b"), "1000")


def test_every_further_ban_doubles_up_to_a_day_and_is_forgotten_after_a_quiet_one(
    clock: Clock,
) -> None:
    bans = Bans("SIP", BanTerms(1, 60.0, 300.0), clock=clock)
    seconds = []
    for _ in range(12):
        guess(bans, times=1)
        (ban,) = bans.standing()
        seconds.append(ban.seconds)
        clock.now += ban.seconds + 1.0
    assert seconds[:4] == [300.0, 600.0, 1200.0, 2400.0]
    assert seconds[-1] == LONGEST
    clock.now += 2 * LONGEST
    guess(bans, times=1)
    (ban,) = bans.standing()
    assert ban.seconds == 300.0


def test_guessing_at_many_accounts_shuts_the_source_out(bans: Bans) -> None:
    for number in range(49):
        guess(bans, account=str(number), times=1)
    assert not bans.refuses(at("a"))
    guess(bans, account="49", times=1)
    assert bans.refuses(at("a"))
    assert bans.refuses(at("a"), "never tried")


def test_a_trusted_source_is_neither_counted_nor_refused(bans: Bans) -> None:
    for _ in range(100):
        bans.wrong(at("a", trusted=True), "1000")
    assert not bans.refuses(at("a"), "1000")
    guess(bans, "b")
    assert not bans.refuses(at("b", trusted=True), "1000")


def test_what_is_remembered_is_bounded(clock: Clock) -> None:
    bans = Bans("SIP", BanTerms(5, 60.0, 300.0), capacity=100, clock=clock)
    for number in range(1000):
        guess(bans, str(number), times=5 if number % 2 else 1)
    assert len(bans) <= 100


def test_failures_of_others_push_no_ban_out(clock: Clock) -> None:
    bans = Bans("SIP", BanTerms(5, 60.0, 300.0), capacity=100, clock=clock)
    guess(bans)
    for number in range(1000):
        guess(bans, f"other {number}", times=1)
    assert bans.refuses(at("a"), "1000")


def test_a_long_name_is_cut_and_still_banned(bans: Bans) -> None:
    name = "x" * 2000
    guess(bans, account=name)
    assert bans.refuses(at("a"), name)
    (ban,) = bans.standing()
    assert ban.account == name[:NAME_LENGTH]


def test_a_lifted_ban_leaves_nothing_behind(bans: Bans, clock: Clock) -> None:
    guess(bans)
    assert bans.refuses(at("a"), "1000")
    assert bans.lift("a") == 1
    assert not bans.refuses(at("a"), "1000")
    guess(bans, times=4)
    assert not bans.refuses(at("a"), "1000"), "the count begins anew"
    guess(bans, times=1)
    (ban,) = bans.standing()
    assert ban.seconds == 300.0, "and so does the doubling"


def test_a_ban_that_is_over_is_not_listed(bans: Bans, clock: Clock) -> None:
    guess(bans)
    clock.now = 299.0
    assert [ban.seconds for ban in bans.standing()] == [1.0]
    clock.now = 300.0
    assert list(bans.standing()) == []
    assert bans.lift() == 0


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({}, []),
        ({"source": "a"}, [("SIP", "b", "1000"), ("HTTP", "b", "admin")]),
        ({"source": "a", "account": "2000"}, [
            ("SIP", "a", "1000"), ("SIP", "b", "1000"), ("HTTP", "a", "admin"),
            ("HTTP", "b", "admin"),
        ]),
        ({"service": "HTTP"}, [
            ("SIP", "a", "1000"), ("SIP", "a", "2000"), ("SIP", "b", "1000"),
        ]),
        ({"account": "admin"}, [
            ("SIP", "a", "1000"), ("SIP", "a", "2000"), ("SIP", "b", "1000"),
        ]),
    ],
)  # fmt: skip
def test_the_list_lifts_what_fits(
    clock: Clock, wanted: dict[str, str], left: list[tuple[str, str, str]]
) -> None:
    everything = BanList(clock=clock)
    sip, http = everything.open("SIP"), everything.open("HTTP")
    for service, source, account in (
        (sip, "a", "1000"), (sip, "a", "2000"), (sip, "b", "1000"), (http, "a", "admin"),
        (http, "b", "admin"),
    ):  # fmt: skip
        guess(service, source, account)
    lifted = everything.lift(**wanted)
    standing = [(ban.service, ban.source, ban.account) for ban in everything.standing()]
    assert standing == left
    assert lifted == 5 - len(left)
    (metric,) = everything.metrics()
    counts = metric.read()
    assert isinstance(counts, dict)
    assert sum(counts.values()) == len(left)


def test_a_service_may_be_more_patient(clock: Clock) -> None:
    bans = BanList(BanTerms(2, 60.0, 300.0), clock=clock).open("PIN", times=10, window=LONGEST)
    for _ in range(19):
        guess(bans, times=1)
        clock.now += 1000.0
    assert not bans.refuses(at("a"), "1000")
    guess(bans, times=1)
    assert bans.refuses(at("a"), "1000")


def test_the_log_says_that_a_ban_begins_and_once_that_it_drops(clock: Clock) -> None:
    events = SecurityEvents()
    bans = Bans("SIP", BanTerms(5, 60.0, 300.0), events, clock=clock)
    with capture_logs() as lines:
        guess(bans)
        clock.now = 10.0
        for _ in range(1000):
            assert bans.refuses(at("a"), "1000")
            clock.now += 0.1
        bans.lift()
        assert not bans.refuses(at("a"), "1000")
        guess(bans)
        assert bans.refuses(at("a"), "1000")
    began, dropped, *again = lines
    for line in lines:
        assert (line["service"], line["source"]) == ("SIP", "a")
        assert line["type"] == "FailedACL"
    assert began["banned_seconds"] == 300
    assert (dropped["dropping_seconds"], dropped["hint"]) == (290, "softswitch bans lift 'a'")
    assert [sorted(set(line) & {"banned_seconds", "dropping_seconds"}) for line in again] == [
        ["banned_seconds"], ["dropping_seconds"],
    ]  # fmt: skip
    assert events.counts[SecurityEvent.FAILED_ACL] == 1001


def test_old_failures_and_old_bans_are_forgotten(clock: Clock) -> None:
    listed = BanList(BanTerms(5, 60.0, 300.0), clock=clock)
    bans = listed.open("SIP")
    for number in range(100):
        guess(bans, f"source {number}", times=1)
    guess(bans)
    clock.now = 59.0
    listed.forget()
    assert len(bans) == 201, "one for each account, and one for each source"
    guess(bans, "late", times=1)
    clock.now = 60.0
    listed.forget()
    assert len(bans) == 2
    clock.now = 300.0 + LONGEST
    listed.forget()
    assert len(bans) == 1, "the ban"
    clock.now += 1.0
    listed.forget()
    assert len(bans) == 0
