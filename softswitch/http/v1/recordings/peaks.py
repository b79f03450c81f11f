"""How loud a recording is over its time: what a picture of its waveform is drawn from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import soundfile

FRAMES = 65_536
"Frames that are read at a time, or those of one point where these are more."
FULL = 32_768
"The loudest sample."
REMEMBERED = 64
"Pictures that are not made anew."


class NoAudio(Exception):
    """A file that holds no sound that can be read; the sentence says why."""


class Waveform(NamedTuple):
    """The shape of a recording."""

    seconds: float
    channels: tuple[tuple[float, ...], ...]
    "For each side of the call the loudest of each point, from 0 to 1."


def seconds_of(path: Path) -> float:
    """How long a recording is. Raises NoAudio."""
    with _open(path) as sound:
        return float(sound.frames / sound.samplerate)


@lru_cache(REMEMBERED)
def waveform_of(path: Path, points: int, _size: int, _changed_at: float) -> Waveform:
    """The shape of a recording in at most so many points. Raises NoAudio; for a thread.

    Size and time of the file are there for those that are remembered.
    """
    import numpy as np

    with _open(path) as sound:
        each = max(1, -(-sound.frames // points))
        block = each * max(1, FRAMES // each)
        found: list[list[float]] = [[] for _ in range(sound.channels)]
        while len(data := sound.read(block, dtype="int16", always_2d=True)):
            missing = -len(data) % each
            padded = np.pad(data, ((0, missing), (0, 0))).astype(np.int32)
            loudest = np.abs(padded).reshape(-1, each, sound.channels).max(axis=1) / FULL
            for channel, values in enumerate(loudest.T):
                found[channel] += np.round(values, 3).tolist()
        return Waveform(sound.frames / sound.samplerate, tuple(map(tuple, found)))


def _open(path: Path) -> soundfile.SoundFile:
    import soundfile

    try:
        sound = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise NoAudio(f"{path.name} holds no sound that can be read: {_why(error)}") from None
    if sound.frames <= 0 or sound.samplerate <= 0:
        sound.close()
        raise NoAudio(f"{path.name} holds no sound yet")
    return sound


def _why(error: Exception) -> str:
    """What libsndfile says, without the path."""
    return str(getattr(error, "error_string", "") or error).strip().rstrip(".")[:100]
