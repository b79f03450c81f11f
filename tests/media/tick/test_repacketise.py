"""The queue of samples between packets of different lengths."""

from __future__ import annotations

import numpy as np
import pytest

from media.tick.repacketise import CAPACITY, SampleQueue

ROWS = np.array([1, 3])
COUNT = np.arange(48_000, dtype=np.int64).astype(np.int16)


@pytest.mark.parametrize("ptime", [10, 20, 30, 40, 50, 60])
def test_packets_of_any_length_become_ticks(ptime: int) -> None:
    queue, size, sent, heard = SampleQueue(4), ptime * 8, 0, []
    for _ in range(150):
        while queue.level(ROWS)[0] < 160:
            part = COUNT[sent : sent + size]
            queue.put_samples(ROWS, np.stack([part, -part]))
            sent += size
        heard.append(queue.take_samples(ROWS, 160))
    both = np.concatenate(heard, axis=1)
    assert np.array_equal(both[0], COUNT[: 150 * 160])
    assert np.array_equal(both[1], -both[0])


@pytest.mark.parametrize("ptime", [10, 30, 60])
def test_ticks_become_packets_of_any_length(ptime: int) -> None:
    queue, size, packets = SampleQueue(4), ptime * 8, []
    for tick in range(60):
        part = COUNT[tick * 160 : (tick + 1) * 160]
        queue.put_samples(ROWS, np.stack([part, part]))
        while queue.level(ROWS)[0] >= size:
            packets.append(queue.take_samples(ROWS, size)[0])
    assert len(packets) == 60 * 20 // ptime
    assert np.array_equal(np.concatenate(packets), COUNT[: 60 * 160])


def test_rows_hold_different_amounts() -> None:
    queue = SampleQueue(4)
    queue.put_samples(np.array([3]), COUNT[None, :100])
    queue.put_samples(ROWS, np.stack([COUNT[:160], COUNT[100:260]]))
    assert queue.level(ROWS).tolist() == [160, 260]
    assert np.array_equal(queue.take_samples(ROWS, 160), np.stack([COUNT[:160], COUNT[:160]]))


def test_what_is_missing_is_silence() -> None:
    queue = SampleQueue(4)
    queue.put_samples(ROWS, np.full((2, 100), 7, np.int16))
    taken = queue.take_samples(ROWS, 160)
    assert np.all(taken[:, :100] == 7)
    assert not np.any(taken[:, 100:])
    assert queue.level(ROWS).tolist() == [0, 0]


def test_an_overflow_loses_the_oldest() -> None:
    queue = SampleQueue(4)
    for start in range(0, 6400, 160):
        queue.put_samples(ROWS, np.stack([COUNT[start : start + 160]] * 2))
    assert queue.level(ROWS).tolist() == [CAPACITY, CAPACITY]
    assert queue.take_samples(ROWS, 1)[0, 0] == 6400 - CAPACITY


def test_a_reset_row_is_empty() -> None:
    queue = SampleQueue(4)
    queue.put_samples(ROWS, np.ones((2, 160), np.int16))
    queue.reset(1)
    assert queue.level(ROWS).tolist() == [0, 160]
