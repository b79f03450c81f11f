"""Decoding: one frame a tick for every row, whatever the network did to its packets."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs import opus
from media.codecs.codec import Codec, Codecs, find
from media.tick.decoding import Decoding
from media.tick.packets import ArrivedPackets

ROW = 2
PT, CN = 96, 13


def voice(seconds: float, rate: int = 8000) -> np.ndarray:
    at = 2 * np.pi * 125 * np.arange(int(rate * seconds)) / rate
    return np.rint(sum(4000 / k * np.sin(k * at + k) for k in range(1, 8))).astype(np.int16)


class Call:
    """A far end that speaks in packets of `ptime`, over a line that does what the test says."""

    def __init__(
        self, name: str = "PCMA", clock: int = 8000, ptime: int = 20, rate: int = 8000
    ) -> None:
        kind = find(name, clock)
        assert kind is not None
        codecs = Codecs(4)
        self.codec: Codec = codecs.get(kind, rate)
        self.codec.open_row(ROW)
        self.decoding = Decoding(4, rate)
        self.decoding.open_row(ROW, clock, {PT: self.codec}, [CN])
        self.rate, self.clock, self.ptime = rate, clock, ptime
        self.sent: list[tuple[float, int, int, int, np.ndarray]] = []
        self.now = 10.0

    def speak(self, samples: np.ndarray, lost: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        size = self.rate * self.ptime // 1000
        for number, part in enumerate(samples.reshape(-1, size)):
            payloads, lengths = self.codec.encode(np.array([ROW]), part[None])
            if number not in lost:
                self.send(number, PT, payloads[0, : lengths[0]])

    def send(
        self, number: int, payload_type: int, payload: np.ndarray, at: int | None = None
    ) -> None:
        """Send packet `number`; `at` is its place in packets when that is another."""
        place = number if at is None else at
        arrival = 10.0 + (place + 1) * self.ptime / 1000
        self.sent.append(
            (arrival, number, place * self.clock * self.ptime // 1000, payload_type, payload)
        )

    def listen(self, ticks: int) -> np.ndarray:
        heard = []
        for _ in range(ticks):
            self.now += 0.020
            for packet in [packet for packet in self.sent if packet[0] <= self.now]:
                self.sent.remove(packet)
                arrival, number, timestamp, payload_type, payload = packet
                self.decoding.put_packets(
                    ArrivedPackets(
                        np.array([ROW]),
                        np.array([number], np.uint16),
                        np.array([timestamp], np.uint32),
                        np.array([arrival]),
                        np.array([payload_type], np.uint8),
                        payload[None],
                        np.array([len(payload)]),
                    )
                )
            frames = self.decoding.frames(np.array([0, ROW]), self.now)
            assert not np.any(frames[0])
            heard.append(frames[1])
        return np.concatenate(heard)


def began(heard: np.ndarray) -> int:
    return int(np.flatnonzero(heard)[0])


def spectrum(samples: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(samples.astype(float) * np.hanning(len(samples))))


def likeness(one: np.ndarray, two: np.ndarray) -> float:
    count = min(len(one), len(two))
    first, second = spectrum(one[:count]), spectrum(two[:count])
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


@pytest.mark.parametrize("ptime", [10, 20, 30, 40, 50, 60])
def test_packets_of_any_length_are_heard_without_a_gap(ptime: int) -> None:
    call, spoken = Call(ptime=ptime), voice(1.2)
    call.speak(spoken)
    heard = call.listen(55)
    first = began(heard)
    assert first <= 1280
    truth = call.codec.decode(
        np.array([ROW]), call.codec.encode(np.array([ROW]), spoken[None])[0], np.array([9600]), 9600
    )[0]
    offset = int(np.argmax(truth[:200] == heard[first]))
    assert offset < 10
    assert np.array_equal(heard[first:], truth[offset : offset + len(heard) - first])


@pytest.mark.parametrize(
    ("name", "clock", "rate", "ptime"),
    [
        ("G722", 8000, 8000, 20),
        ("G722", 8000, 16_000, 20),
        ("L16", 16_000, 16_000, 20),
        ("L16", 16_000, 16_000, 40),
        ("OPUS", 48_000, 8000, 20),
        ("OPUS", 48_000, 16_000, 20),
    ],
)
def test_every_codec_is_heard(name: str, clock: int, rate: int, ptime: int) -> None:
    if name == "OPUS" and opus.why_absent():
        pytest.skip(str(opus.why_absent()))
    call, spoken = Call(name, clock, ptime, rate), voice(1.2, rate)
    call.speak(spoken)
    heard = call.listen(56)
    assert likeness(heard[began(heard) + rate // 10 :], spoken[rate // 10 :]) > 0.97


@pytest.mark.parametrize("name", ["PCMU", "OPUS"])
@pytest.mark.parametrize("ptime", [20, 40])
def test_lost_packets_are_not_heard_as_holes(name: str, ptime: int) -> None:
    if name == "OPUS" and opus.why_absent():
        pytest.skip(str(opus.why_absent()))
    call = Call(name, 48_000 if name == "OPUS" else 8000, ptime)
    call.speak(voice(1.2), lost={10, 20})
    heard = call.listen(55)
    start = began(heard) // 160 + 2
    peaks = np.abs(heard.astype(int)).reshape(-1, 160).max(axis=1)[start : start + 44]
    assert peaks.min() > 2500
    assert int(call.decoding.jitter.lost[ROW]) == 2


def test_keys_between_packets_of_sound_are_not_heard_as_holes() -> None:
    call, spoken = Call(), voice(1.2)
    key = np.zeros(4, np.uint8)
    number = 0
    for place, part in enumerate(spoken.reshape(-1, 160)):
        payloads, lengths = call.codec.encode(np.array([ROW]), part[None])
        call.send(number, PT, payloads[0, : lengths[0]], at=place)
        number += 1
        if 10 <= place < 50:
            call.send(number, 101, key, at=place)
            number += 1
    heard = call.listen(58)
    start = began(heard) // 160 + 1
    peaks = np.abs(heard.astype(int)).reshape(-1, 160).max(axis=1)[start : start + 54]
    assert peaks.min() > 2500
    assert int(call.decoding.jitter.lost[ROW]) == int(call.decoding.jitter.skipped[ROW]) == 0


def test_silence_on_purpose_is_filled_with_its_noise() -> None:
    call = Call()
    call.speak(voice(0.4))
    call.send(20, CN, np.array([45], np.uint8))
    payloads, _ = call.codec.encode(np.array([ROW]), voice(0.4).reshape(20, 160))
    for number in range(20):
        call.send(21 + number, PT, payloads[number], at=70 + number)
    heard = call.listen(95)
    first = began(heard) // 160
    power = np.sqrt(np.mean(heard.reshape(-1, 160).astype(float) ** 2, axis=1))
    noise = power[first + 22 : first + 68]
    assert 20 * np.log10(noise.mean() / 32767) == pytest.approx(-45, abs=1)
    assert noise.min() > 0
    assert np.all(power[first + 71 : first + 88] > 2000)
    assert int(call.decoding.jitter.lost[ROW]) == 0


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_a_far_end_that_left_a_noisy_place_without_a_word_is_silent_soon(rate: int) -> None:
    """The codec itself would go on with the noise for ever; between updates of DTX it shall."""
    if opus.why_absent():
        pytest.skip(str(opus.why_absent()))
    call = Call("OPUS", 48_000, rate=rate)
    noise = np.random.default_rng(1).normal(0, 3000, 2 * rate).astype(np.int16)
    call.speak(noise)
    call.listen(100)
    loudness = [float(np.std(call.listen(1))) for _ in range(100)]
    assert min(loudness[:25]) > 300
    assert loudness[75:] == [0.0] * 25
    call.send(400, PT, call.codec.encode(np.array([ROW]), noise[None, : rate // 50])[0][0])
    assert np.std(call.listen(300)) > 0


def test_payload_types_that_were_not_agreed_are_concealed() -> None:
    call = Call()
    call.speak(voice(0.4), lost={10})
    call.send(10, 55, np.zeros(160, np.uint8))
    heard = call.listen(24)
    peaks = np.abs(heard.astype(int)).reshape(-1, 160).max(axis=1)[began(heard) // 160 :]
    assert peaks[9:12].min() > 2500


@pytest.mark.parametrize("name", ["PCMA", "PCMU", "G722"])
def test_sound_and_full_scale_are_counted(name: str) -> None:
    call = Call(name)
    silence, loud = np.zeros(8000, np.int16), np.full(8000, 32767, np.int16)
    tone = np.rint(np.sin(np.arange(8000) / 3) * 3000).astype(np.int16)
    call.speak(np.concatenate([silence, tone, loud]))
    call.listen(50)
    before = call.decoding.tally(ROW)
    assert (before.packets, before.sounding, before.clipped) == (49, 0, 0)
    call.listen(50)
    assert call.decoding.tally(ROW).sounding == pytest.approx(48, abs=3)
    assert call.decoding.tally(ROW).clipped == 0
    call.listen(50)
    assert call.decoding.tally(ROW).clipped == pytest.approx(48, abs=3)
    call.decoding.close_row(ROW)
    assert call.decoding.tally(ROW) == (0, 0, 0, 0, 0)


def test_a_reopened_row_is_silent() -> None:
    call = Call()
    call.speak(voice(0.4))
    call.listen(10)
    call.decoding.open_row(ROW, 8000, {PT: call.codec})
    assert not np.any(call.decoding.frames(np.array([ROW]), call.now))


def test_random_packets_never_raise() -> None:
    generator = np.random.default_rng(3)
    for name, clock in (("PCMA", 8000), ("G722", 8000), ("OPUS", 48_000)):
        if name == "OPUS" and opus.why_absent():
            continue
        call = Call(name, clock)
        for number in range(200):
            size = int(generator.integers(0, 700))
            octets = generator.integers(0, 256, size, dtype=np.uint8)
            call.send(number, int(generator.choice([PT, CN, 0])), octets)
        assert call.listen(220).dtype == np.int16
