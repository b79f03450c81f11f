"""Audio files: every format and rate is decoded, and what is wrong with a file is said."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.play.audio_file import AudioFile, AudioFileError


def tone(rate: int, seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def heard(path: Path, rate: int = 8000) -> np.ndarray:
    with AudioFile(str(path), rate) as file:
        return np.concatenate([np.zeros(0, np.int16), *file])


def refusal(path: Path | str) -> str:
    with pytest.raises(AudioFileError) as refused:
        heard(Path(path))
    assert str(refused.value).startswith(f"{path}: ")
    return str(refused.value).removeprefix(f"{path}: ")


FORMATS = [
    ("a.wav", "WAV", "PCM_16", 44_100),
    ("b.wav", "WAV", "FLOAT", 48_000),
    ("c.wav", "WAV", "ALAW", 8000),
    ("d.flac", "FLAC", "PCM_24", 22_050),
    ("e.ogg", "OGG", "VORBIS", 32_000),
    ("f.opus", "OGG", "OPUS", 48_000),
    ("g.mp3", "MP3", "MPEG_LAYER_III", 44_100),
    ("h.wav", "WAV", "PCM_U8", 11_025),
]


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("made", FORMATS, ids=lambda made: made[2])
def test_every_format_becomes_one_channel_of_the_rate(
    tmp_path: Path, rate: int, channels: int, made: tuple[str, str, str, int]
) -> None:
    name, kind, subtype, source = made
    path = tmp_path / name
    soundfile.write(path, tone(source, 1.0, channels), source, subtype, format=kind)
    samples = heard(path, rate)
    assert samples.dtype == np.int16
    assert abs(len(samples) - rate) < rate * 0.06
    middle = samples[rate // 4 : 3 * rate // 4].astype(float)
    turn = np.exp(-2j * np.pi * 440 * np.arange(len(middle)) / rate)
    assert 2 * abs(np.mean(middle * turn)) == pytest.approx(16_384, rel=0.05)


@pytest.mark.parametrize("made", FORMATS, ids=lambda made: made[2])
def test_rewinding_begins_anew(tmp_path: Path, made: tuple[str, str, str, int]) -> None:
    name, kind, subtype, source = made
    soundfile.write(tmp_path / name, tone(source), source, subtype, format=kind)
    with AudioFile(str(tmp_path / name), 8000) as file:
        first = np.concatenate(list(file))
        file.rewind()
        assert np.array_equal(np.concatenate(list(file)), first)


def test_the_same_rate_passes_exactly(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 9000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 8000)
    assert np.array_equal(heard(tmp_path / "a.wav"), samples)


def test_a_float_file_beyond_full_scale_is_clipped_and_holes_in_it_are_silent(
    tmp_path: Path,
) -> None:
    wild = np.array([2.0, -2.0, np.nan, np.inf, 0.25] * 400)
    soundfile.write(tmp_path / "a.wav", wild, 8000, "FLOAT")
    assert heard(tmp_path / "a.wav")[[0, 1, 2, 4]].tolist() == [32767, -32768, 0, 8192]


# ---- what is wrong is said --------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.wav") == "no such file or directory"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert refusal(tmp_path / "a.wav") == "is empty"


def test_a_directory(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "is a directory, not a file"


def test_devices(tmp_path: Path) -> None:
    assert refusal("/dev/zero") == "is a device, not a file"
    os.mkfifo(tmp_path / "pipe.wav")
    assert refusal(tmp_path / "pipe.wav") == "is a named pipe, not a file"
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s.wav"))
        assert refusal(tmp_path / "s.wav") == "no such device or address"


def test_a_symbolic_link(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(8000), 8000)
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    assert refusal(tmp_path / "b.wav") == "is a symbolic link"


def test_a_name_with_nul() -> None:
    with pytest.raises(AudioFileError, match="the name holds a NUL character"):
        AudioFile("a\0.wav", 8000)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    assert refusal(tmp_path / ("a" * 300)) == "file name too long"


@pytest.mark.parametrize(
    "content",
    [b"hello, this is no sound\n" * 100, b"\x89PNG\r\n\x1a\n" + bytes(500), bytes(5000), b"RIFF"],
)
def test_what_is_no_audio(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert refusal(tmp_path / "a.wav").startswith("is no audio that can be read")


def test_noise_is_no_audio(tmp_path: Path) -> None:
    for seed in range(5):
        (tmp_path / "a.mp3").write_bytes(np.random.default_rng(seed).bytes(20_000))
        assert refusal(tmp_path / "a.mp3")


def test_a_truncated_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8000), 8000)
    path.write_bytes(path.read_bytes()[:6044])
    assert refusal(path) == "is truncated: 10000 octets fewer than its header promises"


@pytest.mark.parametrize("kind", ["flac", "mp3", "ogg"])
def test_other_truncated_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 80_000)
    soundfile.write(path, noise, 8000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    try:
        samples = heard(path)
    except AudioFileError as error:
        assert "truncated" in str(error) or "damaged" in str(error)
    else:
        # Ogg has no length in its header: what is there is played.
        assert kind in ("ogg", "mp3")
        assert 20_000 < len(samples) < 80_000


def test_a_header_of_ten_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8000), 8000, format="RF64")
    content = bytearray(path.read_bytes())
    at = content.index(b"ds64")
    struct.pack_into("<QQ", content, at + 8, 10_000_000_036, 10_000_000_000)
    path.write_bytes(bytes(content))
    assert refusal(path).startswith("is truncated: 99999")


def test_a_header_that_promises_days(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(8000), 8000)
    content = bytearray(path.read_bytes())
    # STREAMINFO: 36 bits of total samples end 18 octets into the block, which begins at 8.
    content[21:26] = bytes([content[21] & 0xF0 | 0x0F]) + b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    assert refusal(path) == "its header promises 2386 hours"


def test_a_header_without_audio(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 8000)
    assert refusal(tmp_path / "a.wav") == "holds no audio, its header only"


def test_a_wav_from_a_pipe_has_no_length_and_is_played(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8000), 8000)
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    assert len(heard(path)) == 8000


def test_odd_rates_and_too_many_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 500)
    assert refusal(tmp_path / "a.wav") == "a sample rate of 500 Hz is not played"
    soundfile.write(tmp_path / "b.wav", np.zeros((100, 60)), 8000)
    assert refusal(tmp_path / "b.wav") == "60 channels are not played"


def test_a_format_outside_the_table(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.voc", tone(8000), 8000, format="VOC")
    assert refusal(tmp_path / "a.voc") == "VOC is not a format that is played"
