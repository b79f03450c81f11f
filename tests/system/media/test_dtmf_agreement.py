"""Our keys as other receivers hear them: multimon-ng, SpanDSP, and a spectrum by scipy."""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from media.codecs import g711
from media.play.tones import render
from media.signals.dtmf_keys import FREQUENCIES, KEYPAD
from media.signals.tone_table import dtmf

TIMES = [(100.0, 100.0), (50.0, 50.0), (40.0, 60.0)]
LEVELS = [(-9.0, -7.0), (-9.0, -9.0), (-24.0, -22.0)]

each_generated = pytest.mark.parametrize(
    ("times", "levels"), [(times, levels) for times in TIMES for levels in LEVELS]
)


def generated(times: tuple[float, float], levels: tuple[float, float]) -> NDArray[np.int16]:
    """All keys as a phone hears them from us in G.711, with a pause before and behind."""
    samples = render(dtmf(KEYPAD, *times, *levels)).samples
    padded = np.concatenate((np.zeros(800, np.int16), samples, np.zeros(1600, np.int16)))
    return g711.decode_ulaw(g711.encode_ulaw(padded))


@each_generated
def test_multimon_ng(
    times: tuple[float, float], levels: tuple[float, float], tmp_path: Path
) -> None:
    program = shutil.which("multimon-ng")
    if program is None:
        pytest.skip("multimon-ng is not installed")
    sound = signal.resample_poly(generated(times, levels).astype(float), 441, 160)
    raw = tmp_path / "keys.raw"
    raw.write_bytes(np.clip(sound, -32768, 32767).astype("<i2").tobytes())
    told = subprocess.run(
        [program, "-q", "-c", "-a", "DTMF", "-t", "raw", str(raw)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert "".join(line.removeprefix("DTMF: ") for line in told.split("\n")) == KEYPAD


@each_generated
def test_spandsp(times: tuple[float, float], levels: tuple[float, float]) -> None:
    name = ctypes.util.find_library("spandsp")
    if name is None:
        pytest.skip("libspandsp2 is not installed")
    spandsp = ctypes.CDLL(name)
    spandsp.dtmf_rx_init.restype = ctypes.c_void_p
    receiver = ctypes.c_void_p(spandsp.dtmf_rx_init(None, None, None))
    samples = generated(times, levels)
    spandsp.dtmf_rx(receiver, samples.ctypes.data_as(ctypes.c_void_p), len(samples))
    keys = ctypes.create_string_buffer(64)
    spandsp.dtmf_rx_get(receiver, keys, 63)
    spandsp.dtmf_rx_free(receiver)
    assert keys.value.decode() == KEYPAD


@each_generated
def test_the_lines_of_the_spectrum(times: tuple[float, float], levels: tuple[float, float]) -> None:
    samples = generated(times, levels).astype(float)
    tone, pause = (round(time * 8) for time in times)
    for place, key in enumerate(KEYPAD):
        begin = 800 + place * (tone + pause)
        hertz, power = signal.periodogram(
            samples[begin + 16 : begin + tone - 16], 8000, "blackman", nfft=1 << 15
        )
        for wanted, group in zip(FREQUENCIES[key], ((600, 1050), (1100, 1800)), strict=True):
            inside = (hertz > group[0]) & (hertz < group[1])
            assert hertz[inside][power[inside].argmax()] == pytest.approx(wanted, rel=0.004)
