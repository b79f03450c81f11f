"""Sounds that are kept: for a while, and as long as there is room."""

from __future__ import annotations

from media.speech.kept_sounds import KEPT_S, KeptSounds


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_sound_of_a_key_is_kept() -> None:
    sounds: KeptSounds[str] = KeptSounds(100)
    assert sounds.get("a") is None
    assert sounds.put("a", "first", 10) == "first"
    assert sounds.put("a", "second", 10) == "first"
    assert sounds.get("a") == "first"


def test_the_least_recently_used_makes_room() -> None:
    sounds: KeptSounds[str] = KeptSounds(100)
    for key in "ab":
        sounds.put(key, key, 50)
    sounds.get("a")
    sounds.put("c", "c", 50)
    assert [sounds.get(key) for key in "abc"] == ["a", None, "c"]
    sounds.put("huge", "huge", 1000)
    assert [sounds.get(key) for key in ("a", "c", "huge")] == [None, None, "huge"]


def test_what_is_used_once_is_not_kept_for_ever() -> None:
    clock = Clock()
    sounds: KeptSounds[int] = KeptSounds(1 << 30, clock)
    for number in range(1000):
        clock.now = 10.0 * number
        sounds.put(number, number, 1000)
        sounds.put("often", 0, 1000)
        assert len(sounds) <= KEPT_S / 10 + 1
    clock.now += KEPT_S
    assert sounds.get("often") is None
    assert len(sounds) == 0
