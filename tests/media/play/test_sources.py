"""Items that the tick plays: order, repetition, the end within a frame."""

from __future__ import annotations

import numpy as np
import pytest

from media.play.clip_pool import Clip, ClipPool
from media.play.sources import Finished, Item, Sources, StreamItem


@pytest.fixture
def pool() -> ClipPool:
    return ClipPool(8000, seconds=10)


@pytest.fixture
def sources(pool: ClipPool) -> Sources:
    return Sources(8, pool)


def ramp(pool: ClipPool, first: int, count: int) -> Clip:
    return pool.keep((first, count), np.arange(first, first + count, dtype=np.int16))


class Listening:
    """Takes the ticks of all rows that play, and keeps what ended."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.finished: list[Finished] = []

    def row(self, row: int, frames: int) -> np.ndarray:
        """What a row hears in so many ticks; silence where it is not playing."""
        heard = []
        for _ in range(frames):
            rows = np.flatnonzero(self.sources.playing)
            frame, finished = self.sources.take_frames(rows)
            self.finished += finished
            at = np.flatnonzero(rows == row)
            heard.append(frame[at[0]] if len(at) else np.zeros(160, np.int16))
        return np.concatenate(heard)


@pytest.fixture
def tick(sources: Sources) -> Listening:
    return Listening(sources)


def test_a_clip_is_played_once_and_reported(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    sources.queue(3, Item(7, [ramp(pool, 1, 400)]))
    heard = tick.row(3, 4)
    assert heard[:400].tolist() == list(range(1, 401))
    assert not np.any(heard[400:])
    assert tick.finished == [Finished(3, 7, 50.0, None)]
    assert not np.any(sources.playing)


def test_what_is_asked_for_at_the_end_of_another_follows_without_a_gap(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    """A script plays its next file when it is told that the last one has ended."""
    sources.queue(3, Item(1, [ramp(pool, 1, 160), ramp(pool, 161, 160)]))
    heard = tick.row(3, 2)
    assert [ended.token for ended in tick.finished] == [1]
    sources.queue(3, Item(2, [ramp(pool, 321, 320)]))
    assert [*heard, *tick.row(3, 2)] == list(range(1, 641))
    assert [ended.token for ended in tick.finished] == [1, 2]


def test_several_follow_each_other_without_a_gap(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    for token, (first, count) in enumerate([(0, 37), (37, 500), (537, 1), (538, 262)]):
        sources.queue(0, Item(token, [ramp(pool, first, count)]))
    assert tick.row(0, 5).tolist() == list(range(800))
    tick.row(0, 1)
    assert [end.token for end in tick.finished] == [0, 1, 2, 3]


def test_pieces_of_an_item_follow_without_a_gap(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    item = Item(1, [ramp(pool, 0, 100), ramp(pool, 100, 150)], complete=False)
    sources.queue(0, item)
    assert tick.row(0, 1).tolist() == list(range(160))
    item.add(ramp(pool, 250, 230))
    item.finish()
    assert tick.row(0, 2).tolist() == list(range(160, 480))
    tick.row(0, 1)
    assert tick.finished[0].milliseconds == 60.0


def test_a_piece_that_comes_late_leaves_silence_and_is_counted(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    item = Item(1, [ramp(pool, 1, 200)], complete=False)
    sources.queue(0, item)
    heard = tick.row(0, 3)
    assert not np.any(heard[200:])
    assert item.starved == 280
    item.add(ramp(pool, 201, 160))
    item.finish("the voice died")
    assert tick.row(0, 1).tolist() == list(range(201, 361))
    tick.row(0, 1)
    assert tick.finished == [Finished(0, 1, 45.0, "the voice died")]


def test_repeating_until_a_time(sources: Sources, pool: ClipPool, tick: Listening) -> None:
    sources.queue(0, Item(1, [ramp(pool, 0, 70)], repeat=True, longest=1000))
    sources.queue(0, Item(2, [ramp(pool, 5000, 100)]))
    heard = tick.row(0, 7)
    assert heard[:1000].tolist() == [n % 70 for n in range(1000)]
    assert heard[1000:1100].tolist() == list(range(5000, 5100))
    assert [end.milliseconds for end in tick.finished] == [125.0, 12.5]


def test_a_time_that_ends_a_single_playing(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    sources.queue(0, Item(1, [ramp(pool, 1, 2000)], longest=500))
    heard = tick.row(0, 5)
    assert np.count_nonzero(heard) == 500
    assert tick.finished[0].milliseconds == 62.5


def test_stopping_tells_what_was_really_sent(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    sources.queue(0, Item(1, [ramp(pool, 0, 100)]))
    sources.queue(0, Item(2, [ramp(pool, 100, 5000)]))
    sources.queue(0, Item(3, [ramp(pool, 0, 100)]))
    tick.row(0, 3)
    assert sources.stop(0) == [Finished(0, 2, 47.5, None), Finished(0, 3, 0.0, None)]
    assert not np.any(sources.playing)
    assert sources.stop(0) == []


def test_stopping_one_item_goes_on_with_the_next(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    for token, first in ((1, 0), (2, 1000), (3, 2000)):
        sources.queue(0, Item(token, [ramp(pool, first, 800)]))
    tick.row(0, 1)
    assert sources.stop(0, 2) == [Finished(0, 2, 0.0, None)]
    assert sources.stop(0, 1) == [Finished(0, 1, 20.0, None)]
    assert tick.row(0, 1)[0] == 2000


def test_rows_play_independently(sources: Sources, pool: ClipPool, tick: Listening) -> None:
    shared = ramp(pool, 0, 3000)
    for row in range(8):
        sources.queue(row, Item(row, [shared]))
        tick.row(row, 1)
    assert np.flatnonzero(sources.playing).tolist() == list(range(8))
    assert sources.take_frames(np.arange(8))[0][:, 0].tolist() == [
        160 * (8 - row) for row in range(8)
    ]
    sources.stop(3)
    assert np.flatnonzero(sources.playing).tolist() == [0, 1, 2, 4, 5, 6, 7]


def test_clips_are_held_while_they_are_played(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    clip = ramp(pool, 0, 320)
    sources.queue(0, Item(1, [clip]))
    sources.queue(1, Item(2, [clip, clip]))
    assert clip.holders == 3
    tick.row(0, 3)
    assert clip.holders == 2
    sources.stop(1)
    assert clip.holders == 0


def test_an_empty_item_ends_at_once(sources: Sources, pool: ClipPool, tick: Listening) -> None:
    sources.queue(0, Item(1, [pool.keep("empty", np.zeros(0, np.int16))], repeat=True))
    assert not np.any(tick.row(0, 1))
    assert tick.finished == [Finished(0, 1, 0.0, None)]


def test_a_stream_is_played_through_its_ring(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    ring = pool.ring(0.2)
    sources.queue(0, StreamItem(1, ring))
    assert not np.any(tick.row(0, 1))
    written, heard = 0, []
    while written < 8000:
        count = min(ring.room(), 333, 8000 - written)
        ring.write(np.arange(written + 1, written + 1 + count, dtype=np.int16))
        written += count
        heard.append(tick.row(0, 1))
    ring.end("the disk is gone")
    heard.append(tick.row(0, 20))
    everything = np.concatenate(heard)
    assert everything[everything != 0].tolist() == list(range(1, 8001))
    assert tick.finished == [Finished(0, 1, 1000.0, "the disk is gone")]
    assert ring.room() == -1


def test_a_stopped_stream_is_no_longer_wanted(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    ring = pool.ring(0.2)
    sources.queue(0, StreamItem(1, ring))
    ring.write(np.ones(1600, np.int16))
    tick.row(0, 2)
    assert sources.stop(0) == [Finished(0, 1, 40.0, None)]
    assert ring.room() == -1


# -- what interrupts, and what waits ---------------------------------------------------------------


def test_what_interrupts_is_heard_at_once_and_the_rest_follows(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    sources.queue(3, Item(1, [ramp(pool, 1, 480)]))
    sources.queue(3, Item(2, [ramp(pool, 481, 160)]))
    assert tick.row(3, 1).tolist() == list(range(1, 161))
    sources.queue_first(3, Item(3, [ramp(pool, 2001, 160)]))
    sources.queue_first(3, Item(4, [ramp(pool, 3001, 160)]))
    heard = tick.row(3, 5).tolist()
    assert heard == [*range(2001, 2161), *range(3001, 3161), *range(161, 641)]
    assert [(ended.token, ended.milliseconds) for ended in tick.finished] == [
        (3, 20.0),
        (4, 20.0),
        (1, 60.0),
        (2, 20.0),
    ]


def test_what_is_set_aside_goes_on_where_it_was(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    sources.queue(3, Item(1, [ramp(pool, 1, 320)], longest=240))
    sources.queue(3, Item(2, [ramp(pool, 1001, 160)]))
    assert tick.row(3, 1).tolist() == list(range(1, 161))
    sources.set_aside(3)
    assert not sources.playing[3]
    assert not np.any(tick.row(3, 50))
    sources.queue(3, Item(3, [ramp(pool, 501, 160)]))
    assert tick.row(3, 1).tolist() == list(range(501, 661))
    assert sources.put_back(3) == []
    assert tick.row(3, 2)[:240].tolist() == [*range(161, 241), *range(1001, 1161)]
    assert [ended.token for ended in tick.finished] == [3, 1, 2]


def test_what_is_set_aside_can_be_stopped_and_replaced(sources: Sources, pool: ClipPool) -> None:
    coming = Item(1, complete=False)
    for item in (coming, Item(2, [ramp(pool, 1, 160)]), Item(3, [ramp(pool, 1, 160)])):
        sources.queue(3, item)
    sources.set_aside(3)
    sources.replace(3, coming, Item(1, [ramp(pool, 1, 160)]))
    assert [finished.token for finished in sources.stop(3, 2)] == [2]
    assert [finished.token for finished in sources.stop(3)] == [1, 3]
    assert sources.items(3) == ()


def test_nothing_waits_for_what_is_endless(
    sources: Sources, pool: ClipPool, tick: Listening
) -> None:
    sources.queue(3, Item(1, [ramp(pool, 1, 160)], repeat=True))
    tick.row(3, 5)
    sources.queue(3, Item(2, [ramp(pool, 1001, 160)]))
    assert [finished.token for finished in sources.end_endless(3, 2)] == [1]
    assert tick.row(3, 1).tolist() == list(range(1001, 1161))
    sources.queue(3, Item(3, [ramp(pool, 1, 160)]))
    sources.set_aside(3)
    sources.queue(3, Item(4, [ramp(pool, 1, 160)], repeat=True))
    assert [finished.token for finished in sources.put_back(3)] == [4]
    assert [item.token for item in sources.items(3)] == [3]
