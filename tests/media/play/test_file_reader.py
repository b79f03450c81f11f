"""The threads that read files: short ones kept, long ones streamed into a ring."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.play.audio_file import AudioFileError
from media.play.file_reader import AudioFiles, LongFile, ShortFile


@pytest.fixture
def files() -> Iterator[AudioFiles]:
    files = AudioFiles(cache_octets=40_000)
    yield files
    files.close()


def opened(
    files: AudioFiles, path: Path, rate: int = 8000
) -> ShortFile | LongFile | AudioFileError:
    answers: queue.Queue[ShortFile | LongFile | AudioFileError] = queue.Queue()
    files.open_file(str(path), rate, answers.put)
    return answers.get(timeout=10)


def ramp(path: Path, seconds: float) -> np.ndarray:
    samples = np.arange(int(seconds * 8000)).astype(np.int16)
    soundfile.write(path, samples, 8000, format="WAV")
    return samples


class Glass:
    """A sink of one second that is emptied whenever it is full."""

    def __init__(self, enough: int | None = None) -> None:
        self.got: list[np.ndarray] = []
        self.enough = enough
        self.error: str | None = None
        self.ended = threading.Event()

    def room(self) -> int:
        count = sum(map(len, self.got))
        if self.enough is not None and count >= self.enough:
            return -1
        return 1000

    def write(self, samples: np.ndarray) -> None:
        assert len(samples) <= 1000
        self.got.append(samples)

    def end(self, error: str | None) -> None:
        self.error = error
        self.ended.set()


def test_a_short_file_is_decoded_and_kept(files: AudioFiles, tmp_path: Path) -> None:
    truth = ramp(tmp_path / "a.wav", 1.0)
    first = opened(files, tmp_path / "a.wav")
    assert isinstance(first, ShortFile)
    assert np.array_equal(first.samples, truth)
    assert opened(files, tmp_path / "a.wav") is first
    assert opened(files, tmp_path / "a.wav", 16_000) is not first


def test_a_changed_file_is_decoded_again(files: AudioFiles, tmp_path: Path) -> None:
    ramp(tmp_path / "a.wav", 1.0)
    opened(files, tmp_path / "a.wav")
    truth = ramp(tmp_path / "a.wav", 0.5)
    again = opened(files, tmp_path / "a.wav")
    assert isinstance(again, ShortFile)
    assert np.array_equal(again.samples, truth)


def test_the_least_used_files_are_dropped(files: AudioFiles, tmp_path: Path) -> None:
    for name in "abc":
        ramp(tmp_path / name, 1.0)
    first = {name: opened(files, tmp_path / name) for name in "ab"}
    assert opened(files, tmp_path / "a") is first["a"]
    opened(files, tmp_path / "c")
    assert opened(files, tmp_path / "a") is first["a"]
    assert opened(files, tmp_path / "b") is not first["b"]


def test_what_is_wrong_is_answered(files: AudioFiles, tmp_path: Path) -> None:
    answer = opened(files, tmp_path / "none.wav")
    assert isinstance(answer, AudioFileError)
    assert "no such file" in str(answer)


def test_a_long_file_is_streamed_whole(files: AudioFiles, tmp_path: Path) -> None:
    truth = ramp(tmp_path / "a.wav", 31.0)
    long = opened(files, tmp_path / "a.wav")
    assert isinstance(long, LongFile)
    assert long.seconds == 31.0
    glass = Glass()
    files.stream(long, glass)
    assert glass.ended.wait(10)
    assert glass.error is None
    assert np.array_equal(np.concatenate(glass.got), truth)


def test_a_repeated_file_ends_when_the_sink_does(files: AudioFiles, tmp_path: Path) -> None:
    truth = ramp(tmp_path / "a.wav", 0.5)
    glass = Glass(enough=9000)
    files.stream(LongFile(str(tmp_path / "a.wav"), 8000, 0.5), glass, repeat=True)
    assert glass.ended.wait(10)
    heard = np.concatenate(glass.got)
    assert len(heard) >= 9000
    assert np.array_equal(heard, np.resize(truth, len(heard)))


def test_a_file_that_vanishes_ends_with_the_cause(files: AudioFiles, tmp_path: Path) -> None:
    glass = Glass()
    files.stream(LongFile(str(tmp_path / "gone.wav"), 8000, 60.0), glass)
    assert glass.ended.wait(10)
    assert glass.error is not None
    assert "no such file" in glass.error


def test_many_streams_share_the_threads(files: AudioFiles, tmp_path: Path) -> None:
    truth = ramp(tmp_path / "a.wav", 3.0)
    glasses = [Glass() for _ in range(20)]
    for glass in glasses:
        files.stream(LongFile(str(tmp_path / "a.wav"), 8000, 3.0), glass)
    for glass in glasses:
        assert glass.ended.wait(10)
        assert np.array_equal(np.concatenate(glass.got), truth)
