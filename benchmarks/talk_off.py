"""Talk-off: how many keys, tones and patterns are heard in an hour of synthetic speech.

    python benchmarks/talk_off.py [--minutes 60] [--level 1.0]

The built-in English voice reads the documentation of Python's own library, at five speeds, through
A-law. ITU-T Q.24 allows a handful of false keys in days of speech; here none are expected.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import json
import logging
import os
import pydoc
import random
import re
import socket
import sys
import unittest
from collections import Counter
from pathlib import Path

import hibari
import numpy as np
import soxr
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from media.codecs import g711
from media.listen.dtmf import DtmfListener
from media.listen.heard import KeyPressed, PatternHeard
from media.listen.progress import ProgressListener
from media.listen.tone_listener import ToneListener
from media.listen.tone_patterns import PatternListener

READ = (argparse, asyncio, email, json, logging, os, socket, unittest)
SPEEDS = (0.8, 0.9, 1.0, 1.1, 1.3)
ROW_MS = 20_000


def speech(minutes: float, level: float) -> NDArray[np.int16]:
    """So many minutes, cut into rows of 20 s."""
    chance = random.Random(1)
    text = " ".join(pydoc.plain(pydoc.render_doc(module)) for module in READ)
    words = re.findall(r"[A-Za-z]{2,}", text)
    voice = hibari.Hibari()
    parts: list[NDArray[np.float32]] = []
    length = 0
    while length < minutes * 60 * 8000:
        begin = chance.randrange(len(words) - 20)
        sentence = " ".join(words[begin : begin + chance.randint(6, 16)]) + chance.choice(".?!")
        sound = np.asarray(voice(sentence, speed=chance.choice(SPEEDS)), np.float32)
        parts.append(soxr.resample(sound, hibari.SAMPLE_RATE, 8000))
        length += len(parts[-1])
    whole = np.concatenate(parts)
    whole = whole[: len(whole) // (ROW_MS * 8) * ROW_MS * 8].reshape(-1, ROW_MS * 8)
    samples = (whole / np.abs(whole).max() * 28000 * level).astype(np.int16)
    return g711.decode_alaw(g711.encode_alaw(samples))


def listen(samples: NDArray[np.int16]) -> Counter[str]:
    """Count what is heard, all rows at once."""
    count = len(samples)
    rows = np.arange(count)
    keys, progress = DtmfListener(count), ProgressListener(count)
    tones = PatternListener(count, ToneListener(count))
    for row in range(count):
        keys.claim(row)
        tones.claim(row)
        progress.claim(row)
    heard: Counter[str] = Counter()
    for begin in range(0, samples.shape[1], 160):
        frames = np.ascontiguousarray(samples[:, begin : begin + 160])
        for key in keys.feed_samples(rows, frames):
            heard[f"key {key.key}"] += isinstance(key, KeyPressed)
        for told in tones.feed_samples(rows, frames):
            if isinstance(told, PatternHeard):
                heard[told.pattern] += 1
        heard.update(f"{tone.tone} tone" for tone in progress.feed_samples(rows, frames))
    return +heard


def main() -> None:
    """Print what was heard."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--level", type=float, default=1.0, help="share of the full level")
    options = parser.parse_args()
    samples = speech(options.minutes, options.level)
    print(f"{samples.size / 8000 / 60:.1f} minutes of speech")
    for name, times in sorted(listen(samples).items()) or [("nothing", 0)]:
        print(f"{name:20} {times}")


if __name__ == "__main__":
    main()
