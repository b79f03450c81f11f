"""The memory of clips and rings: regions taken, given back and joined."""

from __future__ import annotations

import numpy as np
import pytest

from media.play.clip_pool import KEPT_S, ClipPool, PoolFull


def clip(value: int, samples: int) -> np.ndarray:
    return np.full(samples, value, np.int16)


def test_a_clip_is_kept_once_under_its_key() -> None:
    pool = ClipPool(8000, seconds=1)
    first = pool.keep("a", clip(1, 3000))
    assert pool.keep("a", clip(9, 3000)) is first
    assert pool.read(first.start, 2).tolist() == [1, 1]
    assert pool.find("b") is None


def test_the_longest_unused_clip_makes_room() -> None:
    pool = ClipPool(8000, seconds=1)
    pool.keep("a", clip(1, 3000))
    pool.keep("b", clip(2, 3000))
    pool.find("a")
    pool.keep("c", clip(3, 3000))
    assert pool.find("b") is None
    assert pool.find("a") is not None


def test_a_clip_that_is_played_stays() -> None:
    pool = ClipPool(8000, seconds=1)
    held = pool.keep("a", clip(1, 6000))
    held.holders += 1
    with pytest.raises(PoolFull, match="no room for 1 s"):
        pool.keep("b", clip(2, 6000))
    held.holders -= 1
    pool.keep("b", clip(2, 6000))
    assert pool.find("a") is None


def test_neighbouring_regions_become_one() -> None:
    pool = ClipPool(8000, seconds=1)
    for name in "abcd":
        pool.keep(name, clip(1, 2000))
    whole = pool.keep("whole", clip(2, 8000))
    assert (whole.start, whole.length) == (0, 8000)


def test_a_ring_wraps() -> None:
    pool = ClipPool(8000, seconds=1)
    pool.keep("before", clip(9, 100))
    ring = pool.ring(0.1)
    assert ring.room() == 800
    ring.write(np.arange(700, dtype=np.int16))
    ring.read += 600
    ring.write(np.arange(700, 1300, dtype=np.int16))
    assert ring.room() == 100
    assert pool.read(ring.start, 800).tolist() == [*range(800, 1300), *range(500, 800)]


def test_a_ring_is_reused_only_when_its_writer_ended() -> None:
    pool = ClipPool(8000, seconds=1)
    ring = pool.ring(0.9)
    pool.retire(ring)
    assert ring.room() == -1
    with pytest.raises(PoolFull):
        pool.ring(0.9)
    ring.end(None)
    assert pool.ring(0.9).start == ring.start


def test_frames_anywhere_are_one_index_away() -> None:
    pool = ClipPool(8000, seconds=1)
    start = pool.keep("a", np.arange(1000, dtype=np.int16)).start
    frames = pool.windows[np.array([start, start + 500])]
    assert frames.shape == (2, 160)
    assert frames[1, 0] == 500
    assert pool.windows[8000].shape == (160,)


def test_clips_that_nobody_needs_any_more_make_room_before_new_memory_is_touched() -> None:
    now = 0.0
    pool = ClipPool(8000, seconds=60, clock=lambda: now)
    for number in range(1000):
        now = 10.0 * number
        held = pool.keep("played for long", clip(1, 80))
        held.holders = 1
        assert pool.keep(number, clip(1, 80)).start < 80 * (KEPT_S / 10 + 2)
    now += KEPT_S
    pool.keep("last", clip(1, 80))
    assert pool.find(999) is None
    assert pool.find("played for long") is held
