"""Uploaded sound is decoded as a whole; what is no sound leaves nothing on disk."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from softswitch.app.exchange.prompts import prompt_files
from softswitch.calls.prompts.folder import PromptFolder
from softswitch.calls.prompts.uploaded import Length, NoSound, keep_sound
from softswitch.settings.exchange.prompts import PromptSettings
from softswitch.settings.load import Settings

LENGTH = Length(0.1, 2.0)


def sound(seconds: float, *, rate: int = 8_000, channels: int = 1, kind: str = "WAV") -> bytes:
    wave = 0.3 * np.sin(2 * np.pi * 500 * np.arange(int(seconds * rate)) / rate)
    file = io.BytesIO()
    soundfile.write(file, np.stack([wave] * channels, axis=1), rate, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize(
    ("rate", "kept"), [(8_000, 8_000), (44_100, 44_100), (96_000, 48_000), (192_000, 48_000)]
)
def test_every_kind_becomes_plain_wav(tmp_path: Path, kind: str, rate: int, kept: int) -> None:
    if kind in ("OGG", "MP3") and rate > 48_000:
        pytest.skip("it has no such rate")
    target = tmp_path / "kept.wav"
    seconds = keep_sound(sound(1.0, rate=rate, channels=2, kind=kind), target, LENGTH)
    assert seconds == pytest.approx(1.0, abs=0.1)
    found = soundfile.info(target)
    assert (found.format, found.subtype) == ("WAV", "PCM_16")
    assert (found.samplerate, found.channels) == (kept, 1)
    samples, _ = soundfile.read(target)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * kept / len(samples) == pytest.approx(500, abs=5)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "expected WAV, FLAC, OGG or MP3"),
        (b"<html>no audio</html>" * 100, "expected WAV, FLAC, OGG or MP3"),
        (sound(2.5), "expected at most 2 seconds"),
        (sound(0.05), "expected at least 0.1 seconds"),
        (sound(1.0, rate=2_000), "expected at most 8 channels of 4 to 192 kHz"),
        (sound(0.5, channels=9), "expected at most 8 channels of 4 to 192 kHz"),
    ],
)
def test_what_is_refused_says_why_and_leaves_nothing(
    tmp_path: Path, data: bytes, wrong: str
) -> None:
    with pytest.raises(NoSound, match=wrong):
        keep_sound(data, tmp_path / "kept.wav", LENGTH)
    assert list(tmp_path.iterdir()) == []


async def test_files_that_nobody_names_go_later_and_at_the_end(tmp_path: Path) -> None:
    folder = PromptFolder(tmp_path / "prompts")
    first, second = (folder.keep(sound(0.5), "moh") for _ in range(2))
    assert first != second
    third, elsewhere = folder.keep(sound(0.5), "moh"), tmp_path / "elsewhere.wav"
    elsewhere.write_bytes(b"of the operator")
    folder.follow([second], [first, second, third, elsewhere])
    assert first.exists(), "somebody may be about to hear it"
    folder.follow([second, third], [second])
    folder.close()
    assert sorted(folder.root.iterdir()) == sorted([second, third])
    assert elsewhere.exists()
    third.unlink()
    assert folder.keep(sound(0.5), "moh", second) == second
    assert [each.name for each in folder.root.iterdir()] == [second.name]


async def test_a_file_that_another_prompt_spells_otherwise_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PromptFolder(tmp_path / "prompts")
    kept = folder.keep(sound(0.5), "moh")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linked").symlink_to(folder.root)
    names = ("prompts", "prompts/../prompts", "linked")
    for name in names:
        other = PromptSettings(name="other", file=Path(name) / kept.name)
        before = Settings(prompts=[PromptSettings(name="moh", file=kept), other])
        after = Settings(prompts=[other])
        folder.follow(prompt_files(after), prompt_files(before))
        folder.close()
        assert kept.exists(), name
        assert folder.holds(Path(name) / kept.name)
    folder.follow(set(), prompt_files(after))
    folder.close()
    assert not kept.exists(), "the last one is gone, however it was spelled"


def test_what_was_being_written_when_a_process_was_killed_is_deleted(tmp_path: Path) -> None:
    folder = PromptFolder(tmp_path / "prompts")
    folder.prepare()
    kept = folder.keep(sound(0.5), "moh")
    (folder.root / "moh-0123456789ab.part").write_bytes(b"RIFF")
    PromptFolder(folder.root).prepare()
    assert list(folder.root.iterdir()) == [kept]
