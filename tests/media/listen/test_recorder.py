"""The recorder: what the file holds, to the sample; why a recording ends; disks that fail."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.listen import recording_writer as module
from media.listen.recorder import RING_FRAMES, Recorder
from media.listen.recording_writer import FinishedRecording, Why

SPEECH = 8000


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder(4, 8000, most=8)
    yield recorder
    recorder.close()


class Talk:
    """Rows that say a running count, so that every sample is known by its value."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.tick = 0
        self.level = 1

    def go_on(self, frames: int, silent: bool = False) -> None:
        for _ in range(frames):
            said = np.tile(self.frame(self.tick), (4, 1)) * np.array(
                [[1], [-1], [1], [1]], np.int16
            )
            rows = np.flatnonzero(self.recorder.listening)
            self.recorder.feed_samples(rows, said[rows] * (0 if silent else 1))
            self.tick += 1

    @staticmethod
    def frame(tick: int) -> np.ndarray:
        return (SPEECH + np.arange(160 * tick, 160 * (tick + 1)) % 8000).astype(np.int16)

    @staticmethod
    def said(first: int, count: int) -> np.ndarray:
        return np.concatenate([Talk.frame(tick) for tick in range(first, first + count)])


def ended(recorder: Recorder) -> FinishedRecording:
    """Wait for the file of the recording that ends first."""
    for _ in range(500):
        found = recorder.finished()
        if found:
            return found[0]
        threading.Event().wait(0.01)
    raise AssertionError("no recording ended")


def read(path: Path) -> np.ndarray:
    return np.asarray(soundfile.read(path, dtype="int16")[0])


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_start_and_stop_are_exact(recorder: Recorder, tmp_path: Path, kind: str) -> None:
    talk, path = Talk(recorder), tmp_path / f"a.{kind}"
    talk.go_on(3)
    recorder.start(5, str(path), kind, [2])
    talk.go_on(37)
    recorder.stop(5)
    talk.go_on(10)
    assert ended(recorder) == FinishedRecording(5, str(path), Why.STOPPED, 37 * 160, None)
    assert np.array_equal(read(path), Talk.said(3, 37))


def test_mp3_has_the_length_and_the_sound(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(16_000) / 8000)).astype(np.int16)
    recorder.start(1, str(path), "mp3", [0])
    for frame in tone.reshape(-1, 160):
        recorder.feed_samples(np.array([0]), frame[None])
    recorder.stop(1)
    assert ended(recorder).error is None
    heard = read(path).astype(float)
    assert len(heard) == 16_000
    assert np.corrcoef(np.abs(np.fft.rfft(heard)), np.abs(np.fft.rfft(tone)))[0, 1] > 0.95


def test_two_sides_are_left_and_right(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0, 1])
    assert recorder.listening.tolist() == [True, True, False, False]
    Talk(recorder).go_on(20)
    recorder.stop(1)
    ended(recorder)
    both = read(tmp_path / "a.wav")
    assert np.array_equal(both[:, 0], Talk.said(0, 20))
    assert np.array_equal(both[:, 1], -both[:, 0])


def test_what_nobody_hears_is_recorded_as_silence(tmp_path: Path) -> None:
    muted = np.zeros(4, np.bool_)
    recorder = Recorder(4, 8000, muted, most=8)
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0, 1])
    talk = Talk(recorder)
    for row_is_muted in (False, True, False):
        muted[0] = row_is_muted
        talk.go_on(4)
    recorder.close()
    both = read(tmp_path / "a.wav")
    said = Talk.said(0, 12)
    assert np.array_equal(both[:, 1], -said)
    said[4 * 160 : 8 * 160] = 0
    assert np.array_equal(both[:, 0], said)


def test_a_side_becomes_another_row_or_nobody(recorder: Recorder, tmp_path: Path) -> None:
    talk, path = Talk(recorder), tmp_path / "a.wav"
    recorder.start(1, str(path), "wav", [0, 1])
    talk.go_on(2)
    recorder.change(1, 0, None)
    talk.go_on(2)
    recorder.change(1, 0, 2)
    recorder.change(1, 1, None)
    talk.go_on(2)
    recorder.stop(1)
    recorder.change(1, 1, 0)
    talk.go_on(1)
    assert ended(recorder).samples == 6 * 160
    left, right = read(path).T
    silence = np.zeros(320, np.int16)
    assert np.array_equal(left, np.concatenate((Talk.said(0, 2), silence, Talk.said(4, 2))))
    assert np.array_equal(right, np.concatenate((-Talk.said(0, 4), silence)))


def test_the_longest_duration_is_exact(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0], longest_s=0.1234)
    Talk(recorder).go_on(20)
    assert ended(recorder) == FinishedRecording(1, str(tmp_path / "a.wav"), Why.LONGEST, 987, None)
    assert np.array_equal(read(tmp_path / "a.wav"), Talk.said(0, 20)[:987])
    assert not recorder.listening.any()


def test_silence_ends_it(recorder: Recorder, tmp_path: Path) -> None:
    talk = Talk(recorder)
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0], silence_s=0.5)
    talk.go_on(20, silent=True)
    talk.go_on(10)
    talk.go_on(30, silent=True)
    end = ended(recorder)
    assert (end.why, end.samples) == (Why.SILENCE, (20 + 10 + 25) * 160)
    assert len(read(tmp_path / "a.wav")) == end.samples


def test_one_speaking_side_is_no_silence(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0, 1], silence_s=0.2)
    for _ in range(30):
        recorder.feed_samples(np.array([0, 1]), np.stack([np.zeros(160, np.int16), Talk.frame(0)]))
    assert recorder.listening.any()


def test_a_finish_digit_is_told_from_outside(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    Talk(recorder).go_on(5)
    recorder.stop(1, Why.DIGIT)
    assert ended(recorder).why is Why.DIGIT


def test_what_is_said_in_a_pause_is_left_out(recorder: Recorder, tmp_path: Path) -> None:
    talk = Talk(recorder)
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    talk.go_on(10)
    recorder.pause(1)
    talk.go_on(10)
    recorder.pause(1, False)
    talk.go_on(10)
    recorder.stop(1)
    ended(recorder)
    expected = np.concatenate([Talk.said(0, 10), Talk.said(20, 10)])
    assert np.array_equal(read(tmp_path / "a.wav"), expected)


def test_long_recordings_pass_through_the_ring(recorder: Recorder, tmp_path: Path) -> None:
    talk = Talk(recorder)
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    for _ in range(8):
        talk.go_on(RING_FRAMES // 4)
        flush(recorder)
    recorder.stop(1)
    ended(recorder)
    assert np.array_equal(read(tmp_path / "a.wav"), Talk.said(0, 2 * RING_FRAMES - 4))


def flush(recorder: Recorder) -> None:
    """Let the thread empty the rings, and wait for it."""
    recorder._writer.wake()
    for _ in range(500):
        if np.array_equal(recorder._flushed[recorder._rolling], recorder._taken[recorder._rolling]):
            return
        threading.Event().wait(0.01)
    raise AssertionError("the rings were not emptied")


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
def test_a_file_that_still_grows_can_be_played(
    recorder: Recorder, tmp_path: Path, kind: str
) -> None:
    talk = Talk(recorder)
    recorder.start(1, str(tmp_path / "a"), kind, [0])
    for _ in range(4):
        talk.go_on(100)
        flush(recorder)
    (tmp_path / "crash").write_bytes((tmp_path / "a").read_bytes())
    with soundfile.SoundFile(tmp_path / "crash") as file:
        file.seekable = lambda: False
        played = 0
        while played < 400 * 160:
            try:
                part = file.read(800, dtype="int16")
            except soundfile.LibsndfileError:
                break
            played += len(part)
            if not len(part):
                break
    assert played >= 400 * 160 - (0 if kind == "wav" else 4096 + 1152)


def test_a_directory_that_is_not_there(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.wav"
    recorder.start(1, str(path), "wav", [0])
    recorder._writer.wake()
    while not recorder._broken:
        threading.Event().wait(0.01)
    Talk(recorder).go_on(1)
    end = ended(recorder)
    assert end.why is Why.FAILED
    assert end.error == f"{path}: no such file or directory"
    assert not recorder.listening.any()


def test_a_file_is_never_overwritten(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("precious")
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    Talk(recorder).go_on(1)
    recorder.stop(1)
    assert ended(recorder).error == f"{tmp_path / 'a.wav'}: file exists"
    assert (tmp_path / "a.wav").read_text() == "precious"


def test_a_disk_that_stands_still_ends_the_recording(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate: queue.Queue[None] = queue.Queue()
    made = module.create

    def slow(*arguments: object) -> object:
        gate.get()
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "create", slow)
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    Talk(recorder).go_on(RING_FRAMES + 50)
    assert not recorder.listening.any()
    gate.put(None)
    end = ended(recorder)
    assert (end.why, end.error) == (Why.FAILED, "the disk is too slow")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_named(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.open("/dev/full", os.O_RDWR)
    monkeypatch.setattr(os, "open", lambda *_: full)
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    recorder._writer.wake()
    while not recorder._broken:
        threading.Event().wait(0.01)
    recorder.stop(1)
    assert str(ended(recorder).error).endswith("no space left on device")


def test_what_cannot_begin_is_refused(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(1, str(tmp_path / "a.wav"), "wav", [0])
    with pytest.raises(ValueError, match="recording 1 is running already"):
        recorder.start(1, str(tmp_path / "b.wav"), "wav", [0])
    with pytest.raises(ValueError, match="one or two sides"):
        recorder.start(2, str(tmp_path / "b.wav"), "wav", [0, 1, 2])
    for number in range(2, 9):
        recorder.start(number, str(tmp_path / f"{number}.wav"), "wav", [0])
    with pytest.raises(ValueError, match="too many"):
        recorder.start(9, str(tmp_path / "b.wav"), "wav", [0])
    recorder.stop(77)


def test_an_unknown_kind_is_named(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(1, str(tmp_path / "a.aac"), "aac", [0])
    recorder.stop(1)
    assert str(ended(recorder).error).endswith("a recording is wav, flac or mp3, not 'aac'")


def test_closing_finishes_every_file(tmp_path: Path) -> None:
    recorder = Recorder(4, 8000, most=4)
    for number in range(4):
        recorder.start(number, str(tmp_path / f"{number}.wav"), "wav", [number])
    Talk(recorder).go_on(11)
    recorder.close()
    assert sorted(end.number for end in recorder.finished()) == [0, 1, 2, 3]
    assert len(read(tmp_path / "3.wav")) == 11 * 160
