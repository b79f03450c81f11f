"""Presses that arrive by several ways are told once."""

from __future__ import annotations

from media.listen.heard import KeyPressed, KeyReleased
from media.listen.key_dedup import KeyDedup, KeyPath


def told(*arrivals: tuple[float, KeyPath, str]) -> str:
    """Presses that are passed on, of (time, way, key), each 80 ms long."""
    ends = [(now + 80.0, way, key, True) for now, way, key in arrivals]
    timeline = sorted([(now, way, key, False) for now, way, key in arrivals] + ends)
    dedup = KeyDedup()
    passed = ""
    for now, way, key, end in timeline:
        event = KeyReleased(0, key, now - 80, 80.0) if end else KeyPressed(0, key, now)
        if dedup.take_key(way, event, now) is not None:
            passed += "" if end else key
    return passed


def test_one_way_tells_of_every_press() -> None:
    for way in KeyPath:
        assert told((0, way, "1"), (150, way, "1"), (300, way, "2"), (450, way, "1")) == "1121"


def test_each_press_by_two_ways_is_told_once() -> None:
    arrivals = []
    for place, key in enumerate("11123"):
        arrivals += [(place * 160.0, KeyPath.EVENT, key), (place * 160.0 + 45, KeyPath.SOUND, key)]
    assert told(*arrivals) == "11123"


def test_each_press_by_three_ways_whichever_is_first() -> None:
    arrivals = []
    for place, key in enumerate("5050"):
        begin = place * 1000.0
        arrivals += [
            (begin + 60, KeyPath.EVENT, key),
            (begin, KeyPath.SOUND, key),
            (begin + 400, KeyPath.INFO, key),
        ]
    assert told(*arrivals) == "5050"


def test_a_way_that_misses_a_press_does_not_shift_the_others() -> None:
    assert (
        told(
            (0, KeyPath.EVENT, "1"),
            (300, KeyPath.EVENT, "1"),
            (345, KeyPath.SOUND, "1"),
            (600, KeyPath.EVENT, "1"),
            (645, KeyPath.SOUND, "1"),
        )
        == "111"
    )


def test_info_after_a_long_press_is_the_same_press() -> None:
    dedup = KeyDedup()
    down, up = KeyPressed(0, "1", 0.0), KeyReleased(0, "1", 0.0, 5000.0)
    assert dedup.take_key(KeyPath.SOUND, down, 0.0) is down
    assert dedup.take_key(KeyPath.SOUND, up, 5000.0) is up
    assert dedup.take_key(KeyPath.INFO, down, 5200.0) is None
    assert dedup.take_key(KeyPath.INFO, up, 5200.0) is None


def test_the_same_key_by_another_way_much_later_is_another_press() -> None:
    assert told((0, KeyPath.EVENT, "1"), (1000, KeyPath.INFO, "1")) == "11"


def test_another_key_by_another_way_is_another_press() -> None:
    assert told((0, KeyPath.EVENT, "1"), (50, KeyPath.SOUND, "2")) == "12"


def test_ends_come_from_the_way_that_told_of_the_press() -> None:
    dedup = KeyDedup()
    up = KeyReleased(0, "1", 0.0, 80.0)
    dedup.take_key(KeyPath.EVENT, KeyPressed(0, "1", 0.0), 0.0)
    dedup.take_key(KeyPath.SOUND, KeyPressed(0, "1", 0.0), 40.0)
    assert dedup.take_key(KeyPath.SOUND, up, 120.0) is None
    assert dedup.take_key(KeyPath.EVENT, up, 125.0) is up
    assert dedup.take_key(KeyPath.EVENT, up, 126.0) is None
