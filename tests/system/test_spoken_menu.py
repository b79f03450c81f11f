"""Does a caller understand the menu? Twelve sentences through a real call, judged by a recogniser.

The script speaks them to a real phone over G.711 at 8 kHz; beeps between them tell where each ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from tests.system.media.test_speech_recognised import MENU, MOST_WRONG, recogniser, words, wrong
from tests.system.phones import Ear, gone, phones
from tests.system.program import running

__all__ = ["recogniser"]

BEEP = 3_000


def sentences_of(pcm: bytes) -> list[np.ndarray]:
    """The pieces of sound between the beeps."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = np.abs(np.fft.rfft(frames * np.hanning(160), axis=1)) ** 2
    at_beep = power[:, BEEP // 50 - 1 : BEEP // 50 + 2].sum(axis=1)
    beeps = (at_beep > 0.8 * power.sum(axis=1)) & (np.abs(frames).max(axis=1) > 1_000)
    pieces, start = [], 0
    edges = np.flatnonzero(np.diff(beeps.astype(int)))
    for first, last in zip(edges[::2], edges[1::2], strict=False):
        if last - first >= 8:
            pieces.append(samples[start * 160 : (first + 1) * 160])
            start = last + 1
    return pieces


@pytest.mark.timeout(240)
async def test_twelve_sentences_through_a_real_call(tmp_path: Path, recogniser: Any) -> None:
    spoken = "".join(
        f"<Speak>{sentence}</Speak><Beep Frequency='{BEEP}' Duration='300'/>" for sentence in MENU
    )
    script = tmp_path / "menu.xml"
    script.write_text(f"<Response>{spoken}<Delay>0.5</Delay></Response>")
    settings = f"""
[[extensions]]
number = "600"
type = "ivr"
script = "{script}"
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
"""
    async with running(tmp_path, settings) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await gone(call, 120)
        pieces = sentences_of(bytes(ear.heard))
    assert len(pieces) == len(MENU)
    errors = total = 0
    report = []
    for sentence, piece in zip(MENU, pieces, strict=True):
        sound = np.asarray(soxr.resample(piece / 32_768, 8_000, 16_000))
        segments, _ = recogniser.transcribe(sound, language="en", beam_size=5)
        heard = " ".join(segment.text.strip() for segment in segments)
        mistakes = wrong(words(sentence), words(heard))
        errors, total = errors + mistakes, total + len(words(sentence))
        report.append(f"{mistakes} wrong: {heard}")
    print("\n".join([*report, f"{errors} of {total} words wrong"]))  # noqa: T201
    assert errors <= MOST_WRONG * total, "\n".join(report)
