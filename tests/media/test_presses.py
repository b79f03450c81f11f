"""Presses that arrive by several ways are told once."""

from __future__ import annotations

from media.listen.heard import KeyPressed, KeyReleased
from media.listen.key_dedup import Presses, Way


def told(*arrivals: tuple[float, Way, str]) -> str:
    """Presses that are passed on, of (time, way, key), each 80 ms long."""
    ends = [(now + 80.0, way, key, True) for now, way, key in arrivals]
    timeline = sorted([(now, way, key, False) for now, way, key in arrivals] + ends)
    presses = Presses()
    passed = ""
    for now, way, key, end in timeline:
        event = KeyReleased(0, key, now - 80, 80.0) if end else KeyPressed(0, key, now)
        if presses.take(way, event, now) is not None:
            passed += "" if end else key
    return passed


def test_one_way_tells_of_every_press() -> None:
    for way in Way:
        assert told((0, way, "1"), (150, way, "1"), (300, way, "2"), (450, way, "1")) == "1121"


def test_each_press_by_two_ways_is_told_once() -> None:
    arrivals = []
    for place, key in enumerate("11123"):
        arrivals += [(place * 160.0, Way.EVENT, key), (place * 160.0 + 45, Way.SOUND, key)]
    assert told(*arrivals) == "11123"


def test_each_press_by_three_ways_whichever_is_first() -> None:
    arrivals = []
    for place, key in enumerate("5050"):
        begin = place * 1000.0
        arrivals += [
            (begin + 60, Way.EVENT, key),
            (begin, Way.SOUND, key),
            (begin + 400, Way.INFO, key),
        ]
    assert told(*arrivals) == "5050"


def test_a_way_that_misses_a_press_does_not_shift_the_others() -> None:
    assert (
        told(
            (0, Way.EVENT, "1"),
            (300, Way.EVENT, "1"),
            (345, Way.SOUND, "1"),
            (600, Way.EVENT, "1"),
            (645, Way.SOUND, "1"),
        )
        == "111"
    )


def test_info_after_a_long_press_is_the_same_press() -> None:
    presses = Presses()
    down, up = KeyPressed(0, "1", 0.0), KeyReleased(0, "1", 0.0, 5000.0)
    assert presses.take(Way.SOUND, down, 0.0) is down
    assert presses.take(Way.SOUND, up, 5000.0) is up
    assert presses.take(Way.INFO, down, 5200.0) is None
    assert presses.take(Way.INFO, up, 5200.0) is None


def test_the_same_key_by_another_way_much_later_is_another_press() -> None:
    assert told((0, Way.EVENT, "1"), (1000, Way.INFO, "1")) == "11"


def test_another_key_by_another_way_is_another_press() -> None:
    assert told((0, Way.EVENT, "1"), (50, Way.SOUND, "2")) == "12"


def test_ends_come_from_the_way_that_told_of_the_press() -> None:
    presses = Presses()
    up = KeyReleased(0, "1", 0.0, 80.0)
    presses.take(Way.EVENT, KeyPressed(0, "1", 0.0), 0.0)
    presses.take(Way.SOUND, KeyPressed(0, "1", 0.0), 40.0)
    assert presses.take(Way.SOUND, up, 120.0) is None
    assert presses.take(Way.EVENT, up, 125.0) is up
    assert presses.take(Way.EVENT, up, 126.0) is None
