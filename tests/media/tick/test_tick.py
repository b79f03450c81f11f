"""The tick: a claimed row goes from jitter buffer to packet, at the tick's pace."""

from __future__ import annotations

from typing import Any

import numpy as np

from media.codecs import g711
from media.control.session import LegCodec
from media.legs import Legs, Rows
from media.rtp.rtp import DatagramBatch
from media.rtp.transmit import Transmitter
from media.tick.tick import Tick
from tests.media.packets import content, filled, in_the_clear, rtp

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
PCMA = LegCodec(name="PCMA", receive_pt=8, send_pt=8)
EVENTS = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)

FRAME = 160

LOUD = np.full(FRAME, 8031, np.int16)
"""A value that both laws keep: their decoders yield it within their steps."""


class Constant:
    """A source that plays one value for some frames, and tells when it ends."""

    def __init__(self, capacity: int, value: int, frames: int) -> None:
        self.playing = np.zeros(capacity, np.bool_)
        self.value, self.left = value, frames

    def take_frames(self, rows: Rows) -> tuple[np.ndarray[Any, Any], list[object]]:
        self.left -= 1
        self.playing[rows] = self.left > 0
        ended = [] if self.left else [("ended", rows.tolist())]
        return np.full((len(rows), FRAME), self.value, np.int16), ended


class RecordingListener:
    """A listener that keeps what it heard."""

    def __init__(self, capacity: int) -> None:
        self.listening = np.zeros(capacity, np.bool_)
        self.heard: list[tuple[list[int], int]] = []

    def feed_samples(self, rows: Rows, samples: np.ndarray[Any, Any]) -> list[object]:
        self.heard.append((rows.tolist(), int(samples[0, 0])))
        return [("peak", int(samples.max()))] if samples.any() else []


class Scene:
    """Legs 0 and 1 in one room, both claimed; what is sent is kept by row."""

    def __init__(self) -> None:
        self.legs = legs = Legs(4)
        self.sent: dict[int, list[bytes]] = {row: [] for row in range(4)}
        sends = [self._keep(row) for row in range(4)]
        self.told: list[object] = []
        self.tick = Tick(legs, Transmitter(legs, sends, in_the_clear(legs)))
        self.tick.subscribe(tuple, self.told.append)
        self.batch = DatagramBatch(4)
        self.now = 10.0
        legs.heard_by[:2] = (1, 0)
        legs.sends[:2] = True
        legs.ssrc_out[:] = (100, 101, 102, 103)
        self.tick.claim_row(0, [EVENTS, PCMU])
        self.tick.claim_row(1, [PCMA])

    def _keep(self, row: int) -> Any:
        def send(data: memoryview) -> int:
            self.sent[row].append(bytes(data))
            return len(data)

        return send

    def arrive(self, row: int, sequence: int, payload_type: int, octet: int) -> None:
        data = rtp(sequence, payload_type=payload_type, payload=bytes([octet]) * 160)
        packets, _ = filled(self.batch, {row: data})
        self.tick.put_packets(self.batch, packets, self.now)

    def run(self, frames: int) -> None:
        for _ in range(frames):
            self.now += 0.02
            self.tick.run(self.now)

    def packet(self, row: int, number: int) -> tuple[int, bool, int, int, int, bytes]:
        data = self.sent[row][number]
        batch = DatagramBatch(1)
        batch.views[0][: len(data)] = data
        return content(batch, 0, len(data))


def test_nothing_is_done_for_rows_that_are_not_claimed() -> None:
    scene = Scene()
    scene.tick.release_row(0)
    scene.tick.release_row(1)
    scene.run(3)
    assert not any(scene.sent.values())
    assert scene.legs.splice[:2].all(), "the relay must splice what it sends next"


def test_silence_is_sent_at_the_pace_of_the_tick() -> None:
    scene = Scene()
    scene.run(3)
    packets = [scene.packet(1, number) for number in range(3)]
    assert [packet[1] for packet in packets] == [True, False, False]
    assert [packet[2] for packet in packets] == [1, 2, 3]
    assert [packet[3] - packets[0][3] for packet in packets] == [0, 160, 320]
    assert {(packet[0], packet[4], packet[5]) for packet in packets} == {(8, 101, b"\xd5" * 160)}


def test_timestamps_run_evenly_when_the_tick_is_late() -> None:
    scene = Scene()
    scene.run(1)
    scene.now += 0.013
    scene.run(2)
    stamps = [scene.packet(1, number)[3] for number in range(3)]
    assert np.diff(stamps).tolist() == [160, 160]


def test_what_one_leg_says_the_other_hears_in_its_own_format() -> None:
    scene = Scene()
    code = int(g711.encode_ulaw(LOUD)[0])
    for sequence in range(10):
        scene.arrive(0, sequence, 0, code)
        scene.run(1)
    heard = [packet for packet in scene.sent[1] if packet[12:] != b"\xd5" * 160]
    assert heard, "sound came through the jitter buffer"
    assert heard[-1][12:] == bytes([g711.encode_alaw(g711.ULAW_TO_LINEAR[[code]])[0]]) * 160
    assert all(packet[12:] == b"\xff" * 160 for packet in scene.sent[0]), "and not back to itself"


def test_a_source_is_mixed_in_and_tells_when_it_ends() -> None:
    scene = Scene()
    source = Constant(4, 1000, frames=2)
    source.playing[1] = True
    source.playing[3] = True
    scene.tick.narrow.sources.append(source)
    scene.run(3)
    sounds = [scene.packet(1, number)[5][:1] for number in range(3)]
    code = g711.encode_alaw(np.array([1000], np.int16)).tobytes()
    assert sounds == [code, code, b"\xd5"]
    assert scene.told == [("ended", [1])], "row 3 is not claimed"


def test_the_sum_is_held_to_16_bits() -> None:
    scene = Scene()
    for _ in range(2):
        source = Constant(4, 30000, frames=5)
        source.playing[0] = True
        scene.tick.narrow.sources.append(source)
    scene.run(1)
    assert scene.packet(0, 0)[5][:1] == g711.encode_ulaw(np.array([32767], np.int16)).tobytes()


def test_listeners_hear_what_was_said() -> None:
    scene = Scene()
    listener = RecordingListener(4)
    listener.listening[0] = True
    scene.tick.narrow.listeners.append(listener)
    code = int(g711.encode_ulaw(LOUD)[0])
    for sequence in range(10):
        scene.arrive(0, sequence, 0, code)
        scene.run(1)
    value = int(g711.ULAW_TO_LINEAR[code])
    assert listener.heard[0] == ([0], 0)
    assert listener.heard[-1] == ([0], value)
    assert ("peak", value) in scene.told


def test_a_leg_that_is_not_sent_to_stays_silent() -> None:
    scene = Scene()
    scene.legs.sends[1] = False
    scene.run(2)
    assert len(scene.sent[0]) == 2
    assert scene.sent[1] == []


def test_a_row_that_is_claimed_anew_speaks_the_new_format() -> None:
    scene = Scene()
    scene.run(1)
    scene.tick.claim_row(1, [PCMU])
    scene.run(1)
    assert [scene.packet(1, number)[0] for number in (0, 1)] == [8, 0]
    assert scene.packet(1, 1)[2] == scene.packet(1, 0)[2] + 1


def test_without_a_format_of_ours_nothing_is_said() -> None:
    scene = Scene()
    scene.tick.claim_row(1, [LegCodec(name="EVS", clock=16000, receive_pt=96, send_pt=96)])
    scene.run(1)
    assert scene.sent[1] == []
    assert len(scene.sent[0]) == 1
