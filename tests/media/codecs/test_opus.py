"""Opus: parameters of the far end, lost packets, sample rates (RFC 7587)."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs import opus

pytestmark = pytest.mark.skipif(opus.why_absent() is not None, reason=str(opus.why_absent()))

ROW = np.array([3])


@pytest.fixture
def codec() -> opus.OpusCodec:
    codec = opus.OpusCodec(16_000)
    codec.open_row(3, "useinbandfec=1; maxaveragebitrate=20000")
    return codec


def speechlike(seconds: float = 1.0, rate: int = 16_000) -> np.ndarray:
    """A buzz with a moving pitch: what the codec's model of speech expects."""
    time = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * (120 * time + 15 * np.sin(5 * time))
    return np.rint(
        sum(6000 / k * np.sin(k * phase) for k in range(1, 12)) * (0.6 + 0.4 * np.sin(9 * time))
    ).astype(np.int16)


def packets(codec: opus.OpusCodec, samples: np.ndarray, frame: int) -> list[np.ndarray]:
    return [codec.encode(ROW, part[None])[0] for part in samples.reshape(-1, frame)]


def length(packet: np.ndarray) -> np.ndarray:
    return np.array([packet.shape[1]])


def likeness(heard: np.ndarray, spoken: np.ndarray) -> float:
    """Cosine between the long-term spectra: phases may change, loudness and timbre may not."""
    one, two = (np.abs(np.fft.rfft(x.astype(float) * np.hanning(len(x)))) for x in (heard, spoken))
    return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
def test_speech_survives(codec: opus.OpusCodec, frame_ms: int) -> None:
    frame, spoken = frame_ms * 16, speechlike(0.96)
    sent = packets(codec, spoken, frame)
    assert sum(packet.shape[1] for packet in sent) < 20_000 / 8 * 1.3
    heard = [codec.decode(ROW, packet, length(packet), frame)[0] for packet in sent]
    assert likeness(np.concatenate(heard), spoken) > 0.9


def test_the_duration_is_read_from_the_first_octet(codec: opus.OpusCodec) -> None:
    for frame in (160, 320, 640, 960):
        packet = packets(codec, speechlike(0.06 * 4), frame)[0]
        assert codec.samples(packet, length(packet)).tolist() == [frame]


def test_durations_of_the_tables_of_rfc_6716() -> None:
    codes = [(0, 0), (1, 0), (2, 0), (3, 2), (3, 0x3F), (3, 0)]
    payloads = np.array([[(9 << 3) | code, count] for code, count in codes], dtype=np.uint8)
    ms = opus.durations_ms(payloads, np.full(6, 2))
    assert ms.tolist() == [20, 40, 40, 40, 0, 0]
    assert opus.durations_ms(payloads, np.zeros(6, dtype=int)).tolist() == [0] * 6
    assert opus.durations_ms(payloads[3:4, :1], np.array([1])).tolist() == [0]
    configs = np.array([[config << 3] for config in (3, 12, 15, 16, 31)], dtype=np.uint8)
    assert opus.durations_ms(configs, np.ones(5, dtype=int)).tolist() == [60, 10, 20, 2.5, 20]


def test_a_lost_frame_is_concealed(codec: opus.OpusCodec) -> None:
    spoken = speechlike()
    sent = packets(codec, spoken, 320)
    whole = opus.OpusCodec(16_000)
    whole.open_row(3)
    for packet in sent[:20]:
        codec.decode(ROW, packet, length(packet), 320)
        truth = whole.decode(ROW, packet, length(packet), 320)
    truth = whole.decode(ROW, sent[20], length(sent[20]), 320)
    concealed = codec.conceal(ROW, 320)
    assert likeness(concealed[0], truth[0]) > 0.8


def test_a_lost_frame_is_recovered_from_the_next(codec: opus.OpusCodec) -> None:
    sent = packets(codec, speechlike(), 320)
    for packet in sent[:20]:
        codec.decode(ROW, packet, length(packet), 320)
    recovered = codec.recover(ROW, sent[21], length(sent[21]), 320)
    assert recovered.shape == (1, 320)
    assert np.abs(recovered).max() > 500


def test_junk_is_counted_and_concealed(codec: opus.OpusCodec) -> None:
    generator = np.random.default_rng(5)
    for _ in range(300):
        junk = generator.integers(0, 256, (1, int(generator.integers(1, 200))), dtype=np.uint8)
        samples = int(codec.samples(junk, length(junk))[0])
        if samples:
            assert codec.decode(ROW, junk, length(junk), samples).shape == (1, samples)
    assert codec.undecodable > 0


def test_an_empty_packet_holds_nothing(codec: opus.OpusCodec) -> None:
    assert codec.samples(np.zeros((1, 0), np.uint8), np.array([0])).tolist() == [0]


def test_a_closed_row_can_be_opened_again(codec: opus.OpusCodec) -> None:
    codec.close_row(3)
    codec.close_row(3)
    codec.open_row(3)
    assert codec.encode(ROW, np.zeros((1, 320), np.int16))[1][0] > 0


def test_the_wishes_of_the_peer() -> None:
    assert opus.parameters("maxaveragebitrate=20000; Stereo=1;useinbandfec=x; cbr") == {
        "maxaveragebitrate": 20000,
        "stereo": 1,
    }
    assert opus.parameters("") == {}


def test_frames_that_opus_does_not_have_are_our_own_mistake(codec: opus.OpusCodec) -> None:
    with pytest.raises(ValueError, match="480 samples at 16000"):
        codec.encode(ROW, np.zeros((1, 480), np.int16))
