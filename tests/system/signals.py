"""Tones that phones send, and what of them arrives (16-bit mono)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tone(frequency: float, seconds: float, rate: int = 8_000, level: float = 0.3) -> bytes:
    """A sine, as little-endian 16-bit samples."""
    times = np.arange(int(seconds * rate)) / rate
    samples = level * 32_767 * np.sin(2 * np.pi * frequency * times)
    return samples.astype("<i2").tobytes()


def strongest(pcm: bytes, rate: int = 8_000) -> float:
    """The strongest frequency in Hz; 0 when there is nothing to hear."""
    samples: NDArray[np.float64] = np.frombuffer(pcm, "<i2").astype(float)
    if len(samples) < rate // 10 or np.abs(samples).max() < 300:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def share(pcm: bytes, frequency: float, rate: int = 8_000, width: float = 30.0) -> float:
    """How much of the power lies near a frequency, 0 to 1."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    if len(samples) < rate // 10:
        return 0.0
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    total = power.sum()
    near = power[np.abs(frequencies - frequency) <= width].sum()
    return float(near / total) if total else 0.0


def clearest(pcm: bytes, frequency: float, seconds: float = 0.4, rate: int = 8_000) -> float:
    """The greatest `share` of a frequency in any piece of that length: a short tone is found
    wherever it stands, which one window over everything would weigh by its place."""
    size = int(seconds * rate) * 2
    starts = range(0, max(1, len(pcm) - size), size // 4 & ~1)
    return max(share(pcm[at : at + size], frequency, rate) for at in starts)
