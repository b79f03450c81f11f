"""What each stage of the tick costs, in microseconds a leg and tick of 20 ms, by number of legs.

    python benchmarks/stages.py [--legs 10,50,200,500,1000,2000] [--only keys] [--ticks 50]

Each figure is CPU time of this process: the least of several rounds, one thread, stages fed with
prepared frames. A leg that costs less the more legs there are is what the matrix is for. Stages
are functions below that take a number of legs and return what does one tick.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from media.codecs.codec import NARROW, WIDE, find
from media.codecs.resample import Doubler, Halver
from media.legs import Legs
from media.listen.answering_machine import AnsweringMachineListener
from media.listen.dtmf import DtmfListener
from media.listen.progress import ProgressListener
from media.listen.silence import SilenceListener
from media.listen.tone_listener import ToneListener
from media.play.clip_pool import ClipPool
from media.play.sources import Item, Sources
from media.play.telephone_event_source import TelephoneEventSource
from media.play.tones import ToneSource, render
from media.rtp.transmit import Transmitter
from media.signals.tone_table import COUNTRIES, Tone, dtmf, named_tone
from media.srtp.libsrtp import Libsrtp
from media.srtp.protection import Protection
from media.tick.decoding import Decoding
from media.tick.encoding import Encoding
from media.tick.mixer import MixedRooms
from media.tick.packets import ArrivedPackets

Tick = Callable[[], object]
Frames = list[NDArray[np.int16]]

ROUNDS = 7
PERIOD = 25
"Frames that are prepared for each leg; they come again and again."

STAGES: dict[str, Callable[[int], Tick]] = {}
"Name of a stage and what it is fed, to what prepares it for so many legs."


def stage(name: str) -> Callable[[Callable[[int], Tick]], Callable[[int], Tick]]:
    """Put a stage into the table."""

    def register(prepare: Callable[[int], Tick]) -> Callable[[int], Tick]:
        STAGES[name] = prepare
        return prepare

    return register


def speech(legs: int, frame: int = 160) -> Frames:
    """Something that changes like speech: coloured noise in syllables, half of the time silence."""
    chance = np.random.default_rng(1)
    noise = chance.normal(size=(legs, PERIOD * frame + 8))
    coloured = sum(noise[:, shift : shift + PERIOD * frame] for shift in range(8))
    talking = np.repeat(chance.random((legs, PERIOD)) < 0.5, frame, axis=1)
    samples = np.clip(coloured * talking * 900, -32768, 32767).astype(np.int16)
    return [np.ascontiguousarray(frame) for frame in np.split(samples, PERIOD, axis=1)]


def sounding(legs: int, sound: Tone) -> Frames:
    """A tone on every leg, each at another place of it."""
    wave = np.tile(render(sound).samples, 20)
    shifts = np.arange(legs) * 371 % (len(wave) - PERIOD * 160)
    samples = np.stack([wave[shift : shift + PERIOD * 160] for shift in shifts])
    return [np.ascontiguousarray(frame) for frame in np.split(samples, PERIOD, axis=1)]


def listening(listener: object, legs: int, frames: Frames) -> Tick:
    """Ticks of a listener that hears the frames in turn."""
    rows = np.arange(legs)
    for row in range(legs):
        listener.claim(row)  # type: ignore[attr-defined]
    turn = iter(range(1 << 40))
    return lambda: listener.feed_samples(rows, frames[next(turn) % PERIOD])  # type: ignore[attr-defined]


@stage("tones, playing")
def _tones(legs: int) -> Tick:
    source = ToneSource(legs)
    names = [*(f"busy {country}" for country in COUNTRIES), "dial us", "ringback uk"]
    for row in range(legs):
        source.start(row, named_tone(names[row % len(names)]))
    rows = np.arange(legs)
    return lambda: source.take_frames(rows)


@stage("telephone events, sending on 1 in 10")
def _events(legs: int) -> Tick:
    source = TelephoneEventSource(legs)

    def tick() -> object:
        for row in np.flatnonzero(~source.sending[::10]):
            source.start(int(row) * 10, "1234567890")
        return source.take_packets()

    return tick


@stage("keys, speech")
def _keys_speech(legs: int) -> Tick:
    return listening(DtmfListener(legs), legs, speech(legs))


@stage("keys, 8 a second on every leg")
def _keys(legs: int) -> Tick:
    return listening(DtmfListener(legs), legs, sounding(legs, dtmf("159D", 60.0, 60.0)))


@stage("single tones, speech")
def _single_speech(legs: int) -> Tick:
    return listening(ToneListener(legs), legs, speech(legs))


@stage("single tones, on every leg")
def _single(legs: int) -> Tick:
    return listening(ToneListener(legs), legs, sounding(legs, named_tone("busy de")))


@stage("call progress, speech")
def _progress_speech(legs: int) -> Tick:
    return listening(ProgressListener(legs), legs, speech(legs))


@stage("call progress, busy on every leg")
def _progress(legs: int) -> Tick:
    return listening(ProgressListener(legs), legs, sounding(legs, named_tone("busy us")))


@stage("silence, speech")
def _silence(legs: int) -> Tick:
    return listening(SilenceListener(legs), legs, speech(legs))


@stage("answering machine, speech")
def _machine(legs: int) -> Tick:
    return listening(AnsweringMachineListener(legs), legs, speech(legs))


def decoding(name: str, clock: int, lost: float = 0.0, rate: int = NARROW) -> Callable[[int], Tick]:
    """Ticks of packets that arrive and frames that are heard, in one format."""

    def prepare(legs: int) -> Tick:
        kind = find(name, clock)
        if kind is None or kind.why_absent() is not None:
            return lambda: None
        codec, stage, rows = kind.make(rate), Decoding(legs, rate), np.arange(legs)
        for row in range(legs):
            codec.open_row(row)
            stage.open_row(row, clock, {8: codec})
        payloads, lengths = codec.encode(rows, speech(legs, rate // 50)[0])
        types, chance = np.full(legs, 8, np.uint8), np.random.default_rng(2)
        turn = iter(range(1 << 40))

        def tick() -> object:
            number = next(turn)
            here = np.flatnonzero(chance.random(legs) >= lost)
            stage.put_packets(
                ArrivedPackets(
                    rows[here],
                    np.full(len(here), number & 0xFFFF, np.uint16),
                    np.full(len(here), number * clock // 50 & 0xFFFFFFFF, np.uint32),
                    np.full(len(here), number * 0.02),
                    types[here],
                    payloads[here],
                    lengths[here],
                )
            )
            return stage.frames(rows, number * 0.02 + 0.011)

        return tick

    return prepare


stage("decoding, A-law")(decoding("PCMA", 8000))
stage("decoding, A-law, 3 % lost")(decoding("PCMA", 8000, lost=0.03))
stage("decoding, G.722")(decoding("G722", 8000))
stage("decoding, G.722 at 16 kHz")(decoding("G722", 8000, rate=WIDE))
stage("decoding, L16 at 16 kHz")(decoding("L16", 16_000, rate=WIDE))
stage("decoding, Opus")(decoding("OPUS", 48_000))
stage("decoding, Opus at 16 kHz")(decoding("OPUS", 48_000, rate=WIDE))


def encoding(name: str, clock: int, rate: int = NARROW) -> Callable[[int], Tick]:
    """Ticks of frames that become payloads of one format."""

    def prepare(legs: int) -> Tick:
        kind = find(name, clock)
        if kind is None or kind.why_absent() is not None:
            return lambda: None
        codec, rows, frames = kind.make(rate), np.arange(legs), speech(legs, rate // 50)
        for row in range(legs):
            codec.open_row(row)
        turn = iter(range(1 << 40))
        return lambda: codec.encode(rows, frames[next(turn) % PERIOD])

    return prepare


stage("encoding, A-law")(encoding("PCMA", 8000))
stage("encoding, G.722")(encoding("G722", 8000))
stage("encoding, G.722 at 16 kHz")(encoding("G722", 8000, WIDE))
stage("encoding, Opus")(encoding("OPUS", 48_000))
stage("encoding, Opus at 16 kHz")(encoding("OPUS", 48_000, WIDE))


@stage("sending, A-law")
def _sending(legs: int) -> Tick:
    table, nobody = Legs(legs), len
    stage = Encoding(table, Transmitter(table, [nobody] * legs, Protection(table, Libsrtp())), 8000)
    kind = find("PCMA", 8000)
    assert kind is not None
    codec, rows, frames = kind.make(8000), np.arange(legs), speech(legs)
    for row in range(legs):
        stage.open_row(row, codec, 20)
    turn = iter(range(1 << 40))

    def tick() -> None:
        number = next(turn)
        stage.send_frames(rows, frames[number % PERIOD], number * 0.02)

    return tick


def mixing(size: int) -> Callable[[int], Tick]:
    """Ticks of rooms of one size; 0 stands for everybody in one."""

    def prepare(legs: int) -> Tick:
        rooms = MixedRooms(legs)
        for row in range(legs):
            rooms.place(row, row // (size or legs))
        frames, turn = speech(legs), iter(range(1 << 40))
        return lambda: rooms.mix(frames[next(turn) % PERIOD])

    return prepare


stage("mixing, rooms of 2")(mixing(2))
stage("mixing, rooms of 3")(mixing(3))
stage("mixing, rooms of 10")(mixing(10))
stage("mixing, one room")(mixing(0))


@stage("playing clips")
def _clips(legs: int) -> Tick:
    pool, chance = ClipPool(8000, 600.0), np.random.default_rng(3)
    clips = [pool.keep(n, chance.integers(-9000, 9000, 40_000, np.int16)) for n in range(20)]
    sources, rows = Sources(legs, pool), np.arange(legs)
    for row in range(legs):
        sources.queue(row, Item(row, [clips[row % 20]], repeat=True))
    return lambda: sources.take_frames(rows)


@stage("8 kHz to 16 kHz")
def _double(legs: int) -> Tick:
    doubler, rows, frames = Doubler(legs), np.arange(legs), speech(legs)
    turn = iter(range(1 << 40))
    return lambda: doubler.convert(rows, frames[next(turn) % PERIOD])


@stage("16 kHz to 8 kHz")
def _halve(legs: int) -> Tick:
    halver, rows = Halver(legs), np.arange(legs)
    wide = speech(legs, 320)
    turn = iter(range(1 << 40))
    return lambda: halver.convert(rows, wide[next(turn) % PERIOD])


def cost(tick: Tick, ticks: int) -> float:
    """CPU seconds of one tick."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(ticks):
            tick()
        best = min(best, (time.process_time() - begin) / ticks)
    return best


def main() -> None:
    """Print a line a stage."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--legs", default="10,50,200,500,1000,2000")
    parser.add_argument("--only", default="", help="stages whose name holds this")
    parser.add_argument("--ticks", type=int, default=PERIOD)
    options = parser.parse_args()
    counts = [int(count) for count in options.legs.split(",")]
    print(f"{'us a leg and tick':40}" + "".join(f"{count:>8}" for count in counts))
    for name, prepare in STAGES.items():
        if options.only in name:
            costs = [cost(prepare(count), options.ticks) / count * 1e6 for count in counts]
            print(f"{name:40}" + "".join(f"{figure:8.2f}" for figure in costs))


if __name__ == "__main__":
    main()
