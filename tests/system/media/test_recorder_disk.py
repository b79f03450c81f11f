"""A recorder whose disk gets full: the file names the reason, and what it holds can be played."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.listen.recorder import Recorder
from media.listen.recording_writer import Why
from media.play.audio_file import AudioFile
from tests.media.listen.test_recorder import ended


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder(4, 8000, most=8)
    yield recorder
    recorder.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB."""
    at = tmp_path / "disk"
    at.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(at)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield at
    subprocess.run(["umount", str(at)], check=True)


def is_written(recorder: Recorder) -> bool:
    """Whether the thread has written all that was said."""
    rolling = recorder._rolling
    return np.array_equal(recorder._flushed[rolling], recorder._taken[rolling])


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
def test_a_disk_that_gets_full_is_named_and_what_it_holds_stays(
    recorder: Recorder, small_disk: Path, kind: str
) -> None:
    recorder.start(1, str(small_disk / f"a.{kind}"), kind, [0])
    noise = np.random.default_rng(1).integers(-9000, 9000, 160).astype(np.int16)
    for _ in range(1500):
        if not recorder.listening.any():
            break
        for _ in range(50):
            recorder.feed_samples(np.array([0]), noise[None])
        recorder._writer.wake()
        while not recorder._broken and not is_written(recorder):
            threading.Event().wait(0.001)
    end = ended(recorder)
    assert end.why is Why.FAILED
    assert str(end.error).endswith("no space left on device")
    with AudioFile(end.path, 8000) as file:
        assert sum(map(len, file)) > 16_000
