"""Codecs as the tick uses them: rows opened and closed, both sample rates, lengths of packets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from media.codecs import codec as codecs
from media.codecs.codec import NARROW, TABLE, WIDE, CodecKind, Codecs, decode_by_length, find

ROWS = np.array([0, 2])
USABLE = [kind for kind in TABLE if kind.why_absent() is None]


def words(rate: int, seconds: float = 0.8) -> np.ndarray:
    """Two rows of a buzz with formant-like colour and loud and soft syllables."""
    time = np.arange(int(seconds * rate)) / rate
    rows = []
    for pitch in (110, 180):
        phase = 2 * np.pi * (pitch * time + 8 * np.sin(6 * time))
        buzz = sum(np.sin(k * phase) / k for k in range(1, 3000 // pitch))
        rows.append(4000 * buzz * (0.55 + 0.45 * np.sin(8 * time)))
    return np.rint(np.array(rows)).astype(np.int16)


def through(kind: CodecKind, rate: int, frames: np.ndarray) -> np.ndarray:
    codec = Codecs(4).get(kind, rate)
    for row in ROWS:
        codec.open_row(int(row))
    out, size = [], rate // 50
    for start in range(0, frames.shape[1], size):
        payloads, lengths = codec.encode(ROWS, frames[:, start : start + size])
        (which, decoded), *rest = decode_by_length(codec, ROWS, payloads, lengths)
        assert which.tolist() == [0, 1]
        assert not rest
        out.append(decoded)
    return np.concatenate(out, axis=1)


def likeness(one: np.ndarray, two: np.ndarray) -> float:
    """The least cosine between the spectra of corresponding rows."""
    both = [np.abs(np.fft.rfft(x.astype(float), axis=1)) for x in (one, two)]
    norms = [np.linalg.norm(x, axis=1) for x in both]
    return float(((both[0] * both[1]).sum(axis=1) / norms[0] / norms[1]).min())


@pytest.mark.parametrize("rate", [NARROW, WIDE])
def test_transcoding_between_any_two(rate: int) -> None:
    spoken = words(rate)
    once = {kind: through(kind, rate, spoken) for kind in USABLE}
    for first, second in itertools.product(USABLE, USABLE):
        assert likeness(through(second, rate, once[first]), spoken) > 0.93, (first, second)


@pytest.mark.parametrize("name", ["PCMU", "PCMA"])
@pytest.mark.parametrize("ptime", [10, 20, 30, 60])
def test_g711_of_any_length(name: str, ptime: int) -> None:
    kind = find(name.lower(), 8000)
    assert kind is not None
    codec = kind.make(NARROW)
    frames = words(NARROW)[:, : ptime * 8]
    payloads, lengths = codec.encode(ROWS, frames)
    assert payloads.shape == (2, ptime * 8)
    decoded = codec.decode(ROWS, payloads, lengths, ptime * 8)
    assert np.array_equal(codec.encode(ROWS, decoded)[0], payloads)


def test_packets_of_several_lengths_in_one_batch() -> None:
    codec = Codecs(4).get(TABLE[1], NARROW)
    payloads = np.tile(np.arange(160, dtype=np.uint8), (3, 1))
    found = {
        frames.shape[1]: which.tolist()
        for which, frames in decode_by_length(
            codec, np.arange(3), payloads, np.array([160, 80, 160])
        )
    }
    assert found == {160: [0, 2], 80: [1]}


def test_empty_payloads_decode_to_nothing() -> None:
    codec = Codecs(4).get(TABLE[0], NARROW)
    empty = np.zeros((2, 0), np.uint8)
    assert list(decode_by_length(codec, ROWS, empty, np.zeros(2, int))) == []


def test_names_and_clocks() -> None:
    assert find("opus", 48_000) is TABLE[-1]
    assert find("opus", 8000) is None
    assert find("G729", 8000) is None
    assert find("L16", 16_000) is not find("L16", 8000)


def test_a_codec_is_made_once_for_each_rate() -> None:
    made = Codecs(4)
    g722 = find("G722", 8000)
    assert g722 is not None
    assert made.get(g722, NARROW) is made.get(g722, NARROW)
    assert made.get(g722, NARROW) is not made.get(g722, WIDE)


@pytest.mark.parametrize(("name", "clock", "rate"), [("PCMU", 8000, WIDE), ("L16", 16_000, NARROW)])
def test_a_resampled_codec_keeps_rows_apart_and_takes_packets_of_any_length(
    name: str, clock: int, rate: int
) -> None:
    kind = find(name, clock)
    assert kind is not None
    codec = Codecs(4).get(kind, rate)
    for row in (0, 2):
        codec.open_row(row)
    octets = clock // 8000 * (2 if name == "L16" else 1)
    loud = np.random.default_rng(1).integers(0, 255, (1, 161 * octets)).astype(np.uint8)
    for length in (161, 80, 7):
        lengths = np.array([length * octets])
        (samples,) = codec.samples(loud, lengths)
        assert samples == length * rate // 8000
        assert codec.decode(np.array([0]), loud, lengths, samples).any()
    still = np.zeros((1, 160 * octets), np.uint8) if name == "L16" else np.full((1, 160), 255)
    lengths = np.array([still.shape[1]])
    quiet = codec.decode(np.array([2]), still.astype(np.uint8), lengths, 160 * rate // 8000)
    assert not quiet.any()
    codec.open_row(0)
    assert not codec.decode(np.array([0]), still.astype(np.uint8), lengths, quiet.shape[1]).any()


def test_every_row_of_the_table_can_be_found() -> None:
    assert {codecs.find(kind.name, kind.clock) for kind in TABLE} == set(TABLE)
