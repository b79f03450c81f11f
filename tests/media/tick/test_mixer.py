"""Rooms that are mixed: everybody hears the sum of the others; mutes, whispers, ducking."""

from __future__ import annotations

import numpy as np
import pytest

from media.tick.mixer import DUCKED_GAIN, HOLD_FRAMES, SOFT_FROM, Ducking, MixedRooms, soft_limit


def said(*levels: int, samples: int = 160) -> np.ndarray:
    return np.repeat(np.array(levels, dtype=np.int16)[:, None], samples, axis=1)


def heard(rooms: MixedRooms, *levels: int) -> list[int]:
    out = rooms.mix(said(*levels))
    assert out.dtype == np.int16
    assert np.all(out == out[:, :1])
    return [int(level) for level in out[:, 0]]


def test_two_hear_each_other_exactly() -> None:
    rooms = MixedRooms(4)
    rooms.place(0, "a")
    rooms.place(3, "a")
    assert heard(rooms, 32767, 7, 8, -32768) == [-32768, 0, 0, 32767]


def test_three_hear_the_sum_without_themselves() -> None:
    rooms = MixedRooms(3)
    for row in range(3):
        rooms.place(row, "a")
    assert heard(rooms, 100, 20, 3) == [23, 103, 120]


def test_rooms_of_many_sizes_do_not_hear_each_other() -> None:
    generator = np.random.default_rng(7)
    sizes = [1, 2, 2, 3, 3, 3, 5, 40]
    rooms, levels = MixedRooms(sum(sizes)), generator.integers(-600, 600, sum(sizes))
    order = generator.permutation(sum(sizes))
    parts = np.split(order, np.cumsum(sizes)[:-1])
    for number, part in enumerate(parts):
        for row in part:
            rooms.place(int(row), number)
    result = heard(rooms, *levels)
    for part in parts:
        for row in part:
            assert result[row] == levels[part].sum() - levels[row]


def test_members_come_and_go() -> None:
    rooms = MixedRooms(4)
    for row in range(4):
        rooms.place(row, "a")
    rooms.remove(1)
    assert rooms.members("a") == (0, 2, 3)
    assert heard(rooms, 1, 2, 4, 8) == [12, 0, 9, 5]
    rooms.place(3, "b")
    assert heard(rooms, 1, 2, 4, 8) == [4, 0, 1, 0]
    rooms.remove(0)
    rooms.remove(0)
    assert heard(rooms, 1, 2, 4, 8) == [0, 0, 0, 0]


def test_a_muted_leg_hears_but_is_not_heard() -> None:
    rooms = MixedRooms(3)
    for row in range(3):
        rooms.place(row, "a")
    rooms.mute(0)
    assert heard(rooms, 100, 20, 3) == [23, 3, 20]
    rooms.mute(0, False)
    assert heard(rooms, 100, 20, 3) == [23, 103, 120]


def test_mute_does_not_survive_the_leg() -> None:
    rooms = MixedRooms(2)
    rooms.place(0, "a")
    rooms.mute(0)
    rooms.remove(0)
    rooms.place(0, "b")
    rooms.place(1, "b")
    assert heard(rooms, 5, 6) == [6, 5]


def test_a_whisper_is_heard_by_one() -> None:
    rooms = MixedRooms(3)
    for row in range(3):
        rooms.place(row, "call")
    rooms.whisper(2, [0])
    assert heard(rooms, 1, 20, 300) == [320, 1, 21]
    rooms.mute(2)
    assert heard(rooms, 1, 20, 300) == [20, 1, 21]
    rooms.mute(2, False)
    rooms.whisper(2, [])
    assert heard(rooms, 1, 20, 300) == [320, 301, 21]


def test_who_overhears_a_room_hears_each_once_and_nobody_hears_it() -> None:
    rooms = MixedRooms(3)
    rooms.place(0, "call")
    rooms.place(1, "call")
    for row in range(2):
        rooms.whisper(row, [2], aloud=True)
    assert heard(rooms, 1, 20, 300) == [20, 1, 21]
    rooms.whisper(0, [1, 2], aloud=True)
    assert heard(rooms, 1, 20, 300) == [20, 1, 21]
    rooms.mute(0)
    assert heard(rooms, 1, 20, 300) == [20, 0, 20]
    rooms.mute(0, False)
    rooms.whisper(0, [2])
    assert heard(rooms, 1, 20, 300) == [20, 0, 21]
    rooms.whisper(0, [])
    assert heard(rooms, 1, 20, 300) == [20, 1, 20]


def test_whispers_of_two_add_up_and_end_with_the_ear() -> None:
    rooms = MixedRooms(4)
    rooms.whisper(1, [0])
    rooms.whisper(2, [0, 3])
    assert heard(rooms, 0, 20, 300, 0) == [320, 0, 0, 300]
    rooms.remove(0)
    assert heard(rooms, 0, 20, 300, 0) == [0, 0, 0, 300]


def test_the_limiter_leaves_moderate_sums_alone() -> None:
    sums = np.arange(-SOFT_FROM, SOFT_FROM + 1, dtype=np.int32)[None]
    assert np.array_equal(soft_limit(sums), sums)


def test_the_limiter_bends_without_step_and_never_wraps() -> None:
    sums = np.arange(0, 500_000, 7, dtype=np.int32)
    bent = soft_limit(sums).astype(np.int32)
    assert np.all(np.diff(bent) >= 0)
    assert np.diff(bent).max() <= 8
    assert bent.max() <= 32767
    assert np.array_equal(soft_limit(-sums), -bent)


def test_a_crowd_shouting_stays_within_int16() -> None:
    rooms = MixedRooms(300)
    for row in range(300):
        rooms.place(row, "a")
    assert min(heard(rooms, *[32767] * 300)) > 32000


def test_music_goes_down_under_speech_and_up_again() -> None:
    ducking, rows = Ducking(2), np.array([0, 1])
    music = said(10_000, 10_000)
    first = ducking.under(rows, music, said(1000, 0))
    assert first[0, 0] == 11_000
    assert np.all(first[1] == 10_000)
    assert np.abs(np.diff(first[0].astype(int))).max() < 40
    for _ in range(3):
        ducking.under(rows, music, said(1000, 0))
    assert ducking.under(rows, music, said(1000, 0))[0, 0] == pytest.approx(
        1000 + 10_000 * DUCKED_GAIN, abs=2
    )
    for _ in range(HOLD_FRAMES - 2):
        held = ducking.under(rows, music, said(0, 0))
    assert held[0, 0] == pytest.approx(10_000 * DUCKED_GAIN, abs=2)
    for _ in range(40):
        after = ducking.under(rows, music, said(0, 0))
    assert np.all(after == 10_000)
