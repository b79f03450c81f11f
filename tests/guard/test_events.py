"""Security events: the set of types, one line a burst, no secrets."""

from __future__ import annotations

from structlog.testing import capture_logs

from softswitch.guard import events
from softswitch.guard.events import SecurityEvent, SecurityEvents
from tests.guard.requests import flow, request

GUESS = SecurityEvent.INVALID_PASSWORD


def test_a_line_says_who_where_and_what() -> None:
    secret = (("Authorization", 'Digest response="cafe"'),)
    with capture_logs() as lines:
        SecurityEvents().report(GUESS, request(headers=secret), flow(), 0.0, account="1000\x1b[2J")
    [line] = lines
    assert line["type"] == "InvalidPassword"
    assert line["severity"] == "Error"
    assert line["service"] == "SIP"
    assert line["remote"] == "udp:192.0.2.7:40000"
    assert line["local"] == "udp:127.0.0.1:5060"
    assert "one@192.0.2.7" in line["session"]
    assert "1000" in line["account"]
    assert "\x1b" not in line["account"]
    assert "cafe" not in str(lines)


def test_a_burst_is_one_line_and_the_next_line_counts_the_rest() -> None:
    reported = SecurityEvents()
    with capture_logs() as lines:
        for second in (0.0, 1.0, 2.0, 9.9, 10.0):
            reported.report(GUESS, request(), flow(), second)
    assert [line.get("repeated") for line in lines] == [None, 3]
    assert reported.counts[GUESS] == 5


def test_sources_and_types_have_lines_of_their_own() -> None:
    reported = SecurityEvents()
    with capture_logs() as lines:
        reported.report(GUESS, request(), flow("192.0.2.1"), 0.0)
        reported.report(GUESS, request(), flow("2001:db8::1"), 0.0)
        reported.report(SecurityEvent.FAILED_ACL, request(), flow("192.0.2.1"), 0.0)
    assert [line["remote"] for line in lines] == [
        "udp:192.0.2.1:40000", "udp:[2001:db8::1]:40000", "udp:192.0.2.1:40000",
    ]  # fmt: skip


def test_good_news_is_only_counted() -> None:
    reported = SecurityEvents()
    with capture_logs() as lines:
        reported.report(SecurityEvent.SUCCESSFUL_AUTH, request(), flow(), 0.0)
    assert lines == []
    assert reported.counts[SecurityEvent.SUCCESSFUL_AUTH] == 1


def test_packets_of_strangers_are_an_event_with_call_and_address() -> None:
    reported = SecurityEvents()
    with capture_logs() as lines:
        reported.report_source("c1", ("198.51.100.9", 4000), 60)
        reported.report_source("c1", ("2001:db8::9", 4001), 7)
    assert [(line["type"], line["service"], line["session"]) for line in lines] == [
        ("UnexpectedAddress", "RTP", "c1")
    ] * 2
    assert [(line["remote"], line["packets"]) for line in lines] == [
        ("udp:198.51.100.9:4000", 60), ("udp:[2001:db8::9]:4001", 7),
    ]  # fmt: skip
    assert reported.counts[SecurityEvent.UNEXPECTED_ADDRESS] == 2


def test_the_memory_of_bursts_is_bounded() -> None:
    reported = SecurityEvents()
    with capture_logs():
        for number in range(events.CAPACITY + 100):
            reported.report(GUESS, request_once, flow(str(number)), 0.0)
    assert len(reported._bursts) <= events.CAPACITY


request_once = request()


def test_bursts_are_forgotten_after_an_hour() -> None:
    reported = SecurityEvents()
    with capture_logs() as lines:
        for second in (0.0, 1.0):
            reported.report(GUESS, request(), flow("192.0.2.1"), second)
        reported.report(GUESS, request(), flow("192.0.2.2"), 100.0)
        reported.forget(3599.0)
        reported.report(GUESS, request(), flow("192.0.2.1"), 3599.0)
        reported.forget(3700.0)
    assert lines[-1]["repeated"] == 1
    assert [source for _, source in reported._bursts] == ["192.0.2.1"]
