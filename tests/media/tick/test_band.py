"""Rows of 8 and of 16 kHz in one tick: who is at home where, and what crosses over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media.codecs import g711, l16
from media.control.session import LegCodec
from media.legs import FREE, Legs, Rows
from media.rtp.rtp import HEADER, DatagramBatch
from media.rtp.transmit import Transmitter
from media.tick.band import Band
from media.tick.tick import Tick
from tests.media.packets import filled, in_the_clear, rtp

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
WIDE = LegCodec(name="L16", clock=16_000, receive_pt=96, send_pt=96)

Sound = NDArray[np.int16]


def sine(hertz: float, rate: int, seconds: float, peak: float = 6000) -> Sound:
    at = np.arange(round(seconds * rate)) / rate
    return np.rint(peak * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def part_at(sound: Sound, hertz: float, rate: int) -> float:
    """Amplitude of one frequency in the last second of a sound."""
    last = sound[-rate // 2 :].astype(float)
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(last)) / rate)
    return float(2 * np.abs(np.mean(last * turn)))


class Constant:
    """A source that plays a tone to some rows."""

    def __init__(self, band: Band, hertz: float, *rows: int) -> None:
        self.playing = np.zeros(4, np.bool_)
        self.playing[list(rows)] = True
        self._sound, self._frame, self._at = sine(hertz, band.rate, 4.0), band.frame, 0

    def take_frames(self, rows: Rows) -> tuple[Sound, list[object]]:
        self._at += self._frame
        return np.tile(self._sound[self._at - self._frame : self._at], (len(rows), 1)), []


class RecordingListener:
    """A listener that keeps what it heard of a row."""

    def __init__(self, row: int) -> None:
        self.listening = np.zeros(4, np.bool_)
        self.listening[row] = True
        self.frames: list[Sound] = []

    def feed_samples(self, rows: Rows, samples: Sound) -> list[object]:
        self.frames.append(samples[0])
        return []


class Scene:
    """Rows 0 and 1 speak 16 kHz, row 2 µ-law; what is sent to each is kept as sound."""

    def __init__(self) -> None:
        self.legs = legs = Legs(4)
        self.sent: dict[int, list[bytes]] = {row: [] for row in range(4)}
        self.tick = Tick(
            legs, Transmitter(legs, [self._keep(row) for row in range(4)], in_the_clear(legs))
        )
        legs.sends[:] = True
        self.batch = DatagramBatch(4)
        self.now, self.number = 10.0, 0
        for row, codec in ((0, WIDE), (1, WIDE), (2, PCMU)):
            legs.clock[row] = codec.clock
            self.tick.claim_row(row, [codec], wide=codec is WIDE)

    def _keep(self, row: int) -> Any:
        return lambda data: self.sent[row].append(bytes(data[HEADER:]))

    def room(self) -> None:
        for band in self.tick.bands:
            for row in range(3):
                band.rooms.place(row, "room")

    def talk(self, sounds: dict[int, Sound], seconds: float = 1.0) -> None:
        """Let rows say sounds of their rate, 20 ms at a time."""
        for frame in range(round(seconds * 50)):
            self.now += 0.02
            self.number += 1
            for row, sound in sounds.items():
                if row == 2:
                    payload = g711.encode_ulaw(sound[frame * 160 : (frame + 1) * 160])
                else:
                    payload = l16.encode(sound[None, frame * 320 : (frame + 1) * 320])[0]
                data = rtp(
                    self.number,
                    self.number * (160 if row == 2 else 320),
                    payload_type=0 if row == 2 else 96,
                    payload=payload.tobytes(),
                )
                packets, _ = filled(self.batch, {row: data})
                self.tick.put_packets(self.batch, packets, self.now)
            self.tick.run(self.now)

    def heard(self, row: int) -> Sound:
        octets = np.frombuffer(b"".join(self.sent[row]), np.uint8)
        return g711.decode_ulaw(octets) if row == 2 else l16.decode(octets[None])[0]


def test_two_wide_rows_hear_each_other_above_the_telephone_band() -> None:
    scene = Scene()
    scene.legs.heard_by[:2] = (1, 0)
    scene.talk({0: sine(6000, 16_000, 1.0)})
    assert part_at(scene.heard(1), 6000, 16_000) == pytest.approx(6000, rel=0.02)
    assert not scene.heard(0).any()
    assert not scene.heard(2).any()


def test_in_a_mixed_room_everybody_hears_what_his_rate_can_carry() -> None:
    scene = Scene()
    scene.room()
    low, high = sine(1000, 16_000, 1.0), sine(6000, 16_000, 1.0)
    scene.talk({0: low + high, 2: sine(700, 8000, 1.0)})
    wide, narrow = scene.heard(1), scene.heard(2)
    for hertz in (700, 1000, 6000):
        assert part_at(wide, hertz, 16_000) == pytest.approx(6000, rel=0.03)
    assert part_at(wide, 7300, 16_000) < 60, "the image of 700 Hz"
    assert part_at(narrow, 1000, 8000) == pytest.approx(6000, rel=0.03)
    assert part_at(narrow, 2000, 8000) < 60, "6000 Hz folded back"
    assert part_at(narrow, 700, 8000) < 60, "himself"
    assert part_at(scene.heard(0), 700, 16_000) == pytest.approx(6000, rel=0.03)
    assert part_at(scene.heard(0), 1000, 16_000) < 60


def test_a_whisper_and_a_mute_hold_in_both_bands() -> None:
    scene = Scene()
    scene.room()
    for band in scene.tick.bands:
        band.rooms.whisper(2, [1])
        band.rooms.mute(0)
    scene.talk({0: sine(1000, 16_000, 1.0), 2: sine(700, 8000, 1.0)})
    assert part_at(scene.heard(1), 700, 16_000) == pytest.approx(6000, rel=0.03)
    assert part_at(scene.heard(1), 1000, 16_000) < 60
    assert part_at(scene.heard(0), 700, 16_000) < 60
    assert part_at(scene.heard(2), 1000, 8000) < 60


@pytest.mark.parametrize("beneath", [False, True])
@pytest.mark.parametrize("plays", ["narrow", "wide"])
def test_a_source_is_heard_in_both_bands(plays: str, beneath: bool) -> None:
    scene = Scene()
    band = getattr(scene.tick, plays)
    source = Constant(band, 1000, 0, 2)
    if beneath:
        band.sources_beneath.append(source)
    else:
        band.sources.append(source)
    scene.talk({})
    assert part_at(scene.heard(0), 1000, 16_000) == pytest.approx(6000, rel=0.03)
    assert part_at(scene.heard(2), 1000, 8000) == pytest.approx(6000, rel=0.03)
    assert part_at(scene.heard(0), 7000, 16_000) < 60
    assert not scene.heard(1).any()


def test_a_source_of_16_khz_goes_on_when_nobody_is_at_home_there() -> None:
    scene = Scene()
    scene.tick.release_row(0)
    scene.tick.release_row(1)
    scene.tick.wide.sources.append(Constant(scene.tick.wide, 1000, 2))
    scene.talk({})
    assert part_at(scene.heard(2), 1000, 8000) == pytest.approx(6000, rel=0.03)


def test_sources_of_both_bands_and_a_voice_add_up() -> None:
    scene = Scene()
    scene.legs.heard_by[:2] = (1, 0)
    for band, hertz in ((scene.tick.narrow, 1000), (scene.tick.wide, 5000)):
        band.sources.append(Constant(band, hertz, 0))
    scene.talk({1: sine(3000, 16_000, 1.0)})
    for hertz in (1000, 3000, 5000):
        assert part_at(scene.heard(0), hertz, 16_000) == pytest.approx(6000, rel=0.03)


@pytest.mark.parametrize(("listens", "row"), [("narrow", 0), ("wide", 2), ("wide", 0)])
def test_a_listener_hears_rows_of_both_bands(listens: str, row: int) -> None:
    scene, listener = Scene(), RecordingListener(row)
    band = getattr(scene.tick, listens)
    band.listeners.append(listener)
    own = 8000 if row == 2 else 16_000
    scene.talk({row: sine(1000, own, 1.0)})
    assert len(listener.frames) == 50
    heard = np.concatenate(listener.frames)
    assert len(heard) == band.rate
    assert part_at(heard, 1000, band.rate) == pytest.approx(6000, rel=0.03)


def test_a_row_that_moves_to_the_other_band_goes_on() -> None:
    scene = Scene()
    scene.legs.heard_by[[0, 2]] = (2, 0)
    scene.tick.claim_row(0, [WIDE], wide=False)
    scene.talk({0: sine(1000, 16_000, 1.0), 2: sine(700, 8000, 1.0)})
    assert part_at(scene.heard(2), 1000, 8000) == pytest.approx(6000, rel=0.03)
    assert part_at(scene.heard(0), 700, 16_000) == pytest.approx(6000, rel=0.03)
    scene.legs.heard_by[[0, 2]] = FREE
    scene.tick.claim_row(0, [WIDE], wide=True)
    scene.legs.heard_by[:2] = (1, 0)
    scene.talk({1: sine(6000, 16_000, 1.0)})
    assert part_at(scene.heard(0), 6000, 16_000) == pytest.approx(6000, rel=0.02)


def test_held_keys_of_private_rows_are_muted_for_everybody_but_key_listeners() -> None:
    scene = Scene()
    scene.room()
    keys, recorder = RecordingListener(0), RecordingListener(0)
    scene.tick.wide.key_listeners.append(keys)
    scene.tick.wide.listeners.append(recorder)
    down = np.zeros(4, np.bool_)
    scene.tick.held.append(lambda rows: down[rows])
    scene.tick.private[0] = True
    tone = sine(1000, 16_000, 1.0)
    scene.talk({0: tone, 2: sine(700, 8000, 1.0)}, 0.6)
    down[:] = True
    scene.talk({0: tone, 2: sine(700, 8000, 1.0)})
    assert part_at(np.concatenate(keys.frames), 1000, 16_000) == pytest.approx(6000, rel=0.03)
    assert not np.concatenate(recorder.frames)[-8000:].any()
    assert part_at(scene.heard(1), 1000, 16_000) < 60
    assert part_at(scene.heard(2), 1000, 8000) < 60
    assert part_at(scene.heard(1), 700, 16_000) == pytest.approx(6000, rel=0.03), "not private"
    down[:] = False
    scene.talk({0: tone}, 1.0)
    assert part_at(scene.heard(2), 1000, 8000) == pytest.approx(6000, rel=0.03)
