"""Timelines, and which messages belong to them."""

from __future__ import annotations

from softswitch.sip.effects import Flow
from softswitch.sip.limits import MESSAGE
from softswitch.trace.lines import LineKind, SipMessage, TraceLine
from softswitch.trace.timeline import FIRST_LINES, LONGEST_TEXT, MOST_LINES, MOST_OCTETS
from softswitch.trace.traces import (
    LATE_SECONDS,
    LOOSE_EACH,
    MOST_LOOSE,
    MOST_LOOSE_OCTETS,
    Traces,
    call_id_of,
)

FLOW = Flow("udp", ("127.0.0.1", 5060), ("192.0.2.1", 5061))


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


def message(call_id: str, first: str = "BYE sip:a@b SIP/2.0", size: int = 0) -> bytes:
    return f"{first}\r\nCall-ID: {call_id}\r\nX: {'x' * size}\r\n\r\n".encode()


def octets(traces: Traces, subject: str) -> list[bytes]:
    timeline = traces.get(subject)
    assert timeline is not None
    return [line.octets for line in timeline.lines if isinstance(line, SipMessage)]


def test_messages_before_and_after_the_beginning_of_a_call_belong_to_it() -> None:
    traces = Traces(Clock())
    traces.travelled(message("a", "INVITE sip:a@b SIP/2.0"), FLOW, False)
    timeline = traces.begin("C1")
    traces.follow(timeline, "a", "1000")
    traces.travelled(message("a"), FLOW, True)
    traces.travelled(message("another"), FLOW, True)
    assert octets(traces, "C1") == [message("a", "INVITE sip:a@b SIP/2.0"), message("a")]
    assert timeline.parties == {"a": "1000"}


def test_a_dialog_that_another_call_takes_over_is_written_there() -> None:
    traces = Traces(Clock())
    for subject in ("C1", "C2"):
        traces.follow(traces.begin(subject), "a", "1000")
        traces.travelled(message("a"), FLOW, False)
    assert len(octets(traces, "C1")) == len(octets(traces, "C2")) == 1


def test_the_messages_of_nobody_are_bounded() -> None:
    traces = Traces(Clock())
    for number in range(MOST_LOOSE + 100):
        for _ in range(LOOSE_EACH + 4):
            traces.travelled(message(f"d{number}"), FLOW, False)
    timeline = traces.begin("C1")
    traces.follow(timeline, "d99", "")
    assert not timeline.lines
    traces.follow(timeline, f"d{MOST_LOOSE + 99}", "")
    assert len(timeline.lines) == LOOSE_EACH


def test_a_late_message_is_taken_and_what_is_old_is_let_go() -> None:
    clock = Clock()
    traces = Traces(clock)
    traces.is_kept = True
    timeline = traces.begin("C1")
    traces.follow(timeline, "a", "1000")
    traces.end(timeline)
    clock.at += LATE_SECONDS / 2
    traces.travelled(message("a"), FLOW, True)
    assert octets(traces, "C1") == [message("a")]
    clock.at += LATE_SECONDS
    traces.waiting.clear()
    other = traces.begin("C2")
    traces.end(other)
    assert traces.get("C1") is None and traces.get("C2") is other
    traces.travelled(message("a"), FLOW, True)
    assert len(timeline.lines) == 1


def test_without_a_disk_the_last_ones_are_kept_in_memory() -> None:
    clock = Clock()
    traces = Traces(clock)
    for number in range(600):
        traces.end(traces.begin(f"C{number}"))
        clock.at += LATE_SECONDS + 1
    found = [number for number in range(600) if traces.get(f"C{number}") is not None]
    assert found == list(range(100, 600))


def test_a_timeline_is_bounded_and_says_what_it_has_lost() -> None:
    timeline = Traces(Clock()).begin("C1")
    for number in range(MOST_LINES + 500):
        timeline.note(LineKind.NOTE, str(number))
    whats = [line.what for line in timeline.lines if isinstance(line, TraceLine)]
    assert len(whats) == MOST_LINES
    assert timeline.lost == 500
    assert whats[: FIRST_LINES + 1] == [*map(str, range(FIRST_LINES)), str(FIRST_LINES + 500)]
    assert whats[-1] == str(MOST_LINES + 499)


def test_octets_are_bounded_too() -> None:
    traces = Traces(Clock())
    timeline = traces.begin("C1")
    traces.follow(timeline, "a", "")
    for _ in range(200):
        traces.travelled(message("a", size=60_000), FLOW, False)
    assert timeline.octets <= MOST_OCTETS + 61_000
    assert timeline.lost + len(timeline.lines) == 200


def test_facts_are_bounded_and_empty_ones_left_out() -> None:
    timeline = Traces(Clock()).begin("C1")
    timeline.note(LineKind.NOTE, "x" * 5000, party="1000", long="y" * 5000, empty="", none=None)
    (line,) = timeline.lines
    assert isinstance(line, TraceLine)
    assert len(line.what) == LONGEST_TEXT
    assert line.facts == {"long": "y" * LONGEST_TEXT}


def test_nothing_is_kept_where_traces_are_off() -> None:
    traces = Traces(Clock(), enabled=False)
    timeline = traces.begin("C1")
    timeline.note(LineKind.NOTE, "x")
    traces.follow(timeline, "a", "")
    assert not timeline.lines and traces.get("C1") is None


def test_lines_that_are_handed_over_are_on_disk_or_come_back() -> None:
    timeline = Traces(Clock()).begin("C1")
    timeline.note(LineKind.NOTE, "a")
    timeline.hand_over()
    timeline.written()
    timeline.note(LineKind.NOTE, "b")
    timeline.hand_over()
    timeline.note(LineKind.NOTE, "c")
    timeline.take_back()
    assert [line.what for line in timeline.lines if isinstance(line, TraceLine)] == ["b", "c"]
    assert (timeline.on_disk, timeline.lost, timeline.writing) == (1, 0, [])


def test_call_ids_are_found_in_any_form() -> None:
    assert call_id_of(b"X\r\nCall-ID: a@b\r\n\r\n") == b"a@b"
    assert call_id_of(b"X\r\ni : a@b\r\n\r\n") == b"a@b"
    assert call_id_of(b"X\r\nCALL-ID:a \r\n\r\n") == b"a"
    assert call_id_of(b"\x00\xff") == b""


def test_the_messages_of_nobody_are_bounded_in_octets() -> None:
    traces = Traces(Clock())
    for number in range(400):
        for _ in range(LOOSE_EACH):
            traces.travelled(message(f"d{number}", size=60_000), FLOW, False)
    kept = 0
    for number in range(400):
        timeline = traces.begin(f"C{number}")
        traces.follow(timeline, f"d{number}", "")
        kept += sum(map(len, octets(traces, f"C{number}")))
    assert MOST_LOOSE_OCTETS / 2 < kept <= MOST_LOOSE_OCTETS
    assert len(octets(traces, "C399")) == LOOSE_EACH
    traces.travelled(message("again", size=60_000), FLOW, False)
    traces.follow(traces.begin("C400"), "again", "")
    assert len(octets(traces, "C400")) == 1


def test_what_is_too_long_for_a_message_waits_for_nobody() -> None:
    traces = Traces(Clock())
    traces.travelled(message("a", size=MESSAGE), FLOW, False)
    traces.follow(traces.begin("C1"), "a", "")
    assert not octets(traces, "C1")
