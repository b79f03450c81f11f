"""A player: items of a leg follow each other, are stopped, and say how much was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.play.file_reader import AudioFiles
from media.play.player import MOST_QUEUED, Player
from media.play.sources import Finished
from media.speech.service import Speech


@pytest.fixture
def readers() -> Iterator[tuple[AudioFiles, Speech]]:
    files, speech = AudioFiles(), Speech()
    yield files, speech
    files.close()
    speech.close()


@pytest.fixture
def player(readers: tuple[AudioFiles, Speech]) -> Player:
    return Player(4, *readers, pool_seconds=120.0)


class Ticks:
    """The tick, run by hand; it waits for threads only where a test says so."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.ended: list[Finished] = []

    def run(self, count: int, row: int = 1) -> np.ndarray:
        heard = []
        for _ in range(count):
            self.player.settle()
            rows = np.flatnonzero(self.player.playing)
            frames, ended = self.player.take_frames(rows)
            self.ended += ended
            heard += [frames[at] for at in np.flatnonzero(rows == row)]
        return np.concatenate(heard) if heard else np.zeros(0, np.int16)

    def until_ended(self, tokens: int, row: int = 1) -> np.ndarray:
        """Run until so many items have ended."""
        heard = [np.zeros(0, np.int16)]
        for _ in range(4000):
            if len(self.ended) >= tokens:
                return np.concatenate(heard)
            before = len(self.ended)
            heard.append(self.run(1, row))
            if len(self.ended) == before and not np.any(heard[-1]):
                threading.Event().wait(0.005)
        raise AssertionError("nothing ended")


def ramp(path: Path, first: int, count: int) -> np.ndarray:
    samples = (first + np.arange(count) % 30_000).astype(np.int16)
    soundfile.write(path, samples, 8000)
    return samples


def test_files_follow_each_other_in_the_order_of_asking(player: Player, tmp_path: Path) -> None:
    parts = [ramp(tmp_path / f"{n}.wav", 1 + 1000 * n, 777) for n in range(3)]
    for token in range(3):
        player.play(1, token, str(tmp_path / f"{token}.wav"))
    ticks = Ticks(player)
    heard = ticks.until_ended(3)
    assert [end.token for end in ticks.ended] == [0, 1, 2]
    assert np.array_equal(heard[heard != 0], np.concatenate(parts))


def test_a_long_file_is_streamed_in_its_place(player: Player, tmp_path: Path) -> None:
    short = ramp(tmp_path / "short.wav", 1, 1600)
    long = ramp(tmp_path / "long.wav", 1, 31 * 8000)
    player.play(1, 1, str(tmp_path / "long.wav"))
    player.play(1, 2, str(tmp_path / "short.wav"))
    ticks = Ticks(player)
    heard = ticks.until_ended(2)
    assert ticks.ended == [Finished(1, 1, 31_000.0, None), Finished(1, 2, 200.0, None)]
    assert np.array_equal(heard[heard != 0], np.concatenate([long, short]))


@pytest.mark.parametrize("seconds", [0.2, 31.0])
def test_repeating_until_a_time(player: Player, tmp_path: Path, seconds: float) -> None:
    truth = ramp(tmp_path / "a.wav", 1, int(8000 * seconds))
    player.play(1, 1, str(tmp_path / "a.wav"), repeat=True, longest_s=32.5)
    ticks = Ticks(player)
    heard = ticks.until_ended(1)
    assert ticks.ended == [Finished(1, 1, 32_500.0, None)]
    assert np.array_equal(heard[heard != 0], np.resize(truth, 260_000))


def test_a_bad_file_ends_with_its_cause_and_the_next_is_played(
    player: Player, tmp_path: Path
) -> None:
    ramp(tmp_path / "a.wav", 1, 800)
    player.play(1, 1, str(tmp_path / "none.wav"))
    player.play(1, 2, str(tmp_path / "a.wav"))
    ticks = Ticks(player)
    ticks.until_ended(2)
    assert ticks.ended[0].error == f"{tmp_path / 'none.wav'}: no such file or directory"
    assert ticks.ended[1] == Finished(1, 2, 100.0, None)


def test_barge_in_tells_what_was_sent(
    readers: tuple[AudioFiles, Speech], player: Player, tmp_path: Path
) -> None:
    ramp(tmp_path / "a.wav", 1, 8000)
    player.sound(1, 1, "tone", np.full(8000, 99, np.int16))
    player.play(1, 2, str(tmp_path / "a.wav"))
    ticks = Ticks(player)
    ticks.run(13)
    assert player.stop(1) == [Finished(1, 1, 260.0, None), Finished(1, 2, 0.0, None)]
    assert not player.playing.any()
    # What becomes ready afterwards is not heard.
    for reader in readers[0]._readers:
        reached = threading.Event()
        reader.post(reached.set)
        assert reached.wait(10)
    assert len(ticks.run(3)) == 0


def test_too_much_at_once_is_an_error_and_not_a_crash(
    readers: tuple[AudioFiles, Speech],
) -> None:
    player = Player(4, *readers, pool_seconds=5.0)
    for token in range(4):
        player.sound(1, token, str(token), np.ones(16_000, np.int16))
    ticks = Ticks(player)
    ticks.until_ended(4)
    errors = [end.error for end in ticks.ended]
    assert errors[:2] == [None, None]
    assert all("no room for 2 s" in str(error) for error in errors[2:])


def test_a_playlist_is_bounded(player: Player) -> None:
    for token in range(MOST_QUEUED):
        player.sound(1, token, "beep", np.ones(160, np.int16))
    with pytest.raises(ValueError, match="items wait to be played already"):
        player.sound(1, 99, "beep", np.ones(160, np.int16))


def test_rows_do_not_disturb_each_other(player: Player) -> None:
    player.sound(0, 1, "a", np.full(320, 5, np.int16))
    player.sound(3, 2, "b", np.full(160, 6, np.int16))
    ticks = Ticks(player)
    assert ticks.run(3, row=3).tolist() == [6] * 160
    assert [end.token for end in ticks.ended] == [2, 1]
