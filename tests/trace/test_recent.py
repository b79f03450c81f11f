"""The last lines of all traces."""

from __future__ import annotations

from softswitch.trace.lines import LineKind, TraceLine
from softswitch.trace.recent import MOST_RECENT
from softswitch.trace.timeline import Timeline
from softswitch.trace.traces import Traces


def everything(timeline: Timeline) -> bool:
    return True


def test_lines_are_told_once_each_and_in_order() -> None:
    traces = Traces(lambda: 1.0)
    one, two = traces.begin("C1"), traces.begin("C2")
    after = traces.recent.last
    for number in range(5):
        (one, two)[number % 2].note(LineKind.NOTE, str(number))
    told = []
    while True:
        following, missed, lines = traces.recent.since(after, 2, everything)
        assert not missed
        if following == after:
            break
        after = following
        told += [line.what for _, line in lines if isinstance(line, TraceLine)]
    assert told == ["0", "1", "2", "3", "4"]
    _, _, lines = traces.recent.since(0, 10, lambda timeline: timeline is two)
    assert [line.what for _, line in lines if isinstance(line, TraceLine)] == ["1", "3"]


def test_who_asks_too_seldom_hears_how_much_is_missing() -> None:
    traces = Traces(lambda: 1.0)
    timeline = traces.begin("C1")
    for _ in range(MOST_RECENT + 7):
        timeline.note(LineKind.NOTE, "x")
    following, missed, lines = traces.recent.since(0, MOST_RECENT * 2, everything)
    assert (following, missed, len(lines)) == (MOST_RECENT + 7, 7, MOST_RECENT)
