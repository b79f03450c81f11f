"""Sound that somebody uploads: checked by decoding all of it, and kept as plain WAV."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import soundfile
    from numpy.typing import NDArray

RATES = range(4_000, 192_001)
"Samples a second."
KEPT_RATE = 48_000
"Samples a second above which nothing is kept: no phone hears more."
MOST_CHANNELS = 8
BLOCK = 65_536
"Samples that are decoded at a time."


class Length(NamedTuple):
    """How long a sound may be, in seconds."""

    shortest: float
    longest: float


class NoSound(ValueError):
    """What was uploaded cannot be played; the sentence says why."""


def keep_sound(data: bytes, target: Path, length: Length) -> float:
    """Write WAV, FLAC, OGG or MP3 as a WAV of one channel; its seconds.

    It is on disk when this returns, and nothing is left there otherwise. Raises NoSound, OSError.
    """
    try:
        seconds = _written(data, target, length)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    with target.open("rb") as written:
        os.fsync(written.fileno())
    return seconds


def _written(data: bytes, target: Path, length: Length) -> float:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            rate = sound.samplerate
            if rate not in RATES or sound.channels > MOST_CHANNELS:
                raise NoSound(f"expected at most {MOST_CHANNELS} channels of 4 to 192 kHz")
            kept = min(rate, KEPT_RATE)
            target.touch(mode=0o640)
            with soundfile.SoundFile(
                target, "w", samplerate=kept, channels=1, subtype="PCM_16", format="WAV"
            ) as file:
                count = 0
                for mono in _blocks(sound, int(length.longest * rate), length):
                    count += len(mono)
                    file.write(mono)
    except soundfile.LibsndfileError as error:
        raise NoSound(f"expected WAV, FLAC, OGG or MP3: {error.error_string}") from None
    seconds = float(count / kept)
    if seconds < length.shortest:
        raise NoSound(f"expected at least {length.shortest:g} seconds")
    return seconds


def _blocks(sound: soundfile.SoundFile, most: int, length: Length) -> Iterator[NDArray[np.float32]]:
    """The samples in one channel, of no more than `KEPT_RATE`. Raises NoSound above `most`."""
    import numpy as np
    import soxr

    rate, read = sound.samplerate, 0
    lower = soxr.ResampleStream(rate, KEPT_RATE, 1) if rate > KEPT_RATE else None
    while True:
        block = sound.read(BLOCK, dtype="float32", always_2d=True)
        read += len(block)
        if read > most:
            raise NoSound(f"expected at most {length.longest:g} seconds")
        mono = np.clip(np.nan_to_num(block.mean(axis=1)), -1, 1) if len(block) else block[:, 0]
        is_last = len(block) < BLOCK
        yield mono if lower is None else lower.resample_chunk(mono, last=is_last)
        if is_last:
            return
