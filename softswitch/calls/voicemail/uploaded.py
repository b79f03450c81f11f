"""Sound that somebody uploads as a greeting: checked by decoding it, and kept as plain WAV."""

from __future__ import annotations

import io
from pathlib import Path

from softswitch.calls.voicemail.options import LONGEST_GREETING, SHORTEST_GREETING

RATES = range(4_000, 192_001)
"Samples a second."
MOST_CHANNELS = 8


class NoSound(ValueError):
    """What was uploaded cannot be a greeting; the sentence says why."""


def keep_sound(data: bytes, target: Path) -> float:
    """Write WAV, FLAC, OGG or MP3 as a WAV of one channel; its seconds. Raises NoSound, OSError."""
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            rate, channels = sound.samplerate, sound.channels
            if rate not in RATES or channels > MOST_CHANNELS:
                raise NoSound(f"expected at most {MOST_CHANNELS} channels of 4 to 192 kHz")
            most = int(LONGEST_GREETING * rate)
            samples = sound.read(most + 1, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise NoSound(f"expected WAV, FLAC, OGG or MP3: {error.error_string}") from None
    if len(samples) > most:
        raise NoSound(f"expected at most {LONGEST_GREETING:g} seconds")
    if len(samples) < SHORTEST_GREETING * rate:
        raise NoSound(f"expected at least {SHORTEST_GREETING:g} second")
    mono = np.clip(samples.mean(axis=1), -1, 1)
    soundfile.write(target, mono, rate, subtype="PCM_16", format="WAV")
    return len(mono) / float(rate)
