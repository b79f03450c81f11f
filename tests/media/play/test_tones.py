"""Tones: frequencies, levels, cadences and edges, measured in what the source makes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media.play import tones
from media.play.tones import ToneEnd, ToneSource, render
from media.signals.dtmf_keys import FREQUENCIES, KEYPAD
from media.signals.levels import FULL_SCALE, FULL_SCALE_DBM0, peak_of
from media.signals.tone_table import (
    COUNTRIES,
    SPECIAL,
    Burst,
    Tone,
    beep,
    dtmf,
    dtmf_burst,
    named_tone,
    tone,
)


def play(sound: Tone, frames: int, rate: int = 8000, **start: int) -> NDArray[np.int16]:
    """What row 1 of a source makes of a tone, frame behind frame."""
    source = ToneSource(3, rate)
    source.start(1, sound, **start)
    made = [np.zeros(0, np.int16)]
    for _ in range(frames):
        if source.playing[1]:
            made.append(source.take_frames(np.array([1]))[0][0])
    return np.concatenate(made)


def partials(samples: NDArray[np.int16], rate: int = 8000) -> dict[float, float]:
    """Frequency and level (dBm0) of each line of the spectrum within 40 dB of the strongest."""
    window = np.blackman(len(samples))
    spectrum = np.abs(np.fft.rfft(samples * window, 1 << 18)) / window.sum() * 2
    found: dict[float, float] = {}
    strongest = spectrum.max()
    while spectrum.max() > strongest / 100:
        peak = int(spectrum.argmax())
        level = 20 * np.log10(spectrum[peak] / FULL_SCALE) + FULL_SCALE_DBM0
        found[peak * rate / (1 << 18)] = float(level)
        width = (1 << 18) * 4 // len(samples)
        spectrum[max(peak - width, 0) : peak + width] = 0
    return dict(sorted(found.items()))


def edges(samples: NDArray[np.int16]) -> list[int]:
    """Samples at which sound of more than a crossing's length begins and ends."""
    loud = np.flatnonzero(samples)
    breaks = np.flatnonzero(np.diff(loud) > 100)
    return sorted([int(loud[0]), *loud[breaks].tolist(), *loud[breaks + 1].tolist()])


def test_the_level_formula_of_the_reference() -> None:
    assert round(peak_of(-10.0)) == 7218
    assert peak_of(3.14) == FULL_SCALE


@pytest.mark.parametrize("rate", [8000, 16000])
def test_frequencies_and_levels_of_a_mixed_tone(rate: int) -> None:
    heard = partials(play(tone("350+440", level=-13.0), 50, rate), rate)
    assert list(heard) == pytest.approx([350.0, 440.0], abs=0.05)
    assert list(heard.values()) == pytest.approx([-13.0, -13.0], abs=0.02)


@pytest.mark.parametrize("key", KEYPAD)
def test_keys_have_their_two_frequencies_two_decibels_apart(key: str) -> None:
    heard = partials(play(Tone((dtmf_burst(key, None),)), 50))
    assert list(heard) == pytest.approx(FREQUENCIES[key], abs=0.05)
    assert list(heard.values()) == pytest.approx([-9.0, -7.0], abs=0.02)


def test_modulation_keeps_level_and_adds_side_lines() -> None:
    samples = play(tone("400*25", level=-13.0), 100)
    assert list(partials(samples)) == pytest.approx([375.0, 400.0, 425.0], abs=0.1)
    power = np.mean(np.square(samples.astype(float)))
    assert 10 * np.log10(2 * power / peak_of(-13.0) ** 2) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("sound", ["440", "350+440", "413+438", "913.8", "400*33", "1100.3"])
def test_a_continuous_tone_is_one_sine_over_all_frames(sound: str) -> None:
    carrier, _, modulation = sound.partition("*")
    samples = play(tone(sound), 600).astype(float)
    n = np.arange(len(samples))
    whole = sum(np.sin(2 * np.pi * float(f) * n / 8000) for f in carrier.split("+"))
    if modulation:
        whole = whole * (1 - np.cos(2 * np.pi * float(modulation) * n / 8000)) / np.sqrt(1.5)
    assert np.abs(samples - peak_of(-13.0) * whole).max() <= 0.51


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("kind", ["dial", "ringback", "busy", "congestion"])
def test_cadences_repeat_exactly(country: str, kind: str) -> None:
    sound: Tone = getattr(COUNTRIES[country], kind)
    lengths = [burst.milliseconds for burst in sound.bursts]
    if lengths == [None]:
        assert kind == "dial"
        return
    cycle = round(sum(length or 0 for length in lengths) * 8)
    samples = play(sound, 2 * cycle // 160 + 1)
    assert (samples[:cycle] == samples[cycle : 2 * cycle]).all()
    begin = 0
    for burst in sound.bursts:
        end = begin + round((burst.milliseconds or 0) * 8)
        if burst.partials:
            assert np.flatnonzero(samples[begin:end])[[0, -1]] == pytest.approx(
                [0, end - begin - 1], abs=8
            )
        else:
            assert not samples[begin:end].any()
        begin = end


def test_22_countries_and_the_special_tones() -> None:
    assert len(COUNTRIES) == 22
    assert named_tone("Busy DE") is COUNTRIES["de"].busy
    assert named_tone("call waiting us") is SPECIAL["call waiting us"]
    for name in ("dial xx", "noise us", "", "dial"):
        with pytest.raises(KeyError):
            named_tone(name)


def test_special_information_tone_rises_three_times() -> None:
    samples = play(named_tone("sit"), 200)
    for step, frequency in enumerate((950.0, 1400.0, 1800.0)):
        piece = samples[step * 2640 + 100 : step * 2640 + 2500]
        assert list(partials(piece)) == pytest.approx([frequency], abs=0.5)
    assert not samples[3 * 2640 : 3 * 2640 + 8000].any()


def test_stutter_dial_tone_becomes_steady_and_stays() -> None:
    samples = play(named_tone("stutter us"), 600)
    assert not samples[15200:16000].any()
    assert edges(samples)[-1] == pytest.approx(16001, abs=2)


def test_fax_tones() -> None:
    cng = play(named_tone("cng"), 200)
    assert list(partials(cng[100:3900])) == pytest.approx([1100.0], abs=0.5)
    assert edges(cng[:31000]) == pytest.approx([0, 3999, 28000], abs=8)
    ced = play(named_tone("ced"), 200)
    assert list(partials(ced[100:20000])) == pytest.approx([2100.0], abs=0.5)
    assert np.flatnonzero(ced)[-1] == pytest.approx(20800, abs=8)


def test_a_sequence_of_keys_has_the_times_asked_for() -> None:
    samples = play(dtmf("5#", 50.0, 55.0), 20)
    assert edges(samples) == pytest.approx([0, 399, 840], abs=3)
    assert list(partials(samples[860:1220])) == pytest.approx(FREQUENCIES["#"], abs=3)
    with pytest.raises(KeyError):
        dtmf("5x")


def test_starts_and_ends_on_the_sample_asked_for() -> None:
    samples = play(tone("1000"), 20, delay=37, length=1000)
    assert not samples[:37].any()
    assert samples[37:1037].any()
    assert np.flatnonzero(samples)[-1] in range(1030, 1037)
    whole = play(tone("1000"), 20)
    assert (samples[37:1029] == whole[:992]).all()


def test_a_burst_reports_its_end_and_frees_its_row() -> None:
    source = ToneSource(2)
    source.start(0, beep(1000.0, 30.0))
    source.start(1, tone("440"))
    both = np.array([0, 1])
    assert source.take_frames(both)[1] == []
    samples, ended = source.take_frames(both)
    assert ended == [ToneEnd(0, 80)]
    assert not samples[0, 80:].any()
    assert source.playing.tolist() == [False, True]


def test_what_ends_on_a_frame_ends_with_that_frame() -> None:
    source = ToneSource(1)
    source.start(0, beep(1000.0, 20.0))
    assert source.take_frames(np.array([0]))[1] == [ToneEnd(0, 160)]


@pytest.mark.parametrize("delay", [0, 3, 100, 155, 160])
def test_stopping_ramps_down_without_a_click(delay: int) -> None:
    source = ToneSource(1)
    source.start(0, tone("1000", level=0.0))
    row = np.array([0])
    made = [source.take_frames(row)[0][0]]
    source.stop(0, delay=delay)
    while source.playing[0]:
        made.append(source.take_frames(row)[0][0])
    samples = np.concatenate(made).astype(float)
    assert not samples[160 + delay + 8 :].any()
    whole = peak_of(0.0) * np.sin(2 * np.pi * np.arange(len(samples)) / 8)
    assert np.abs(samples - whole)[: 160 + delay].max() <= 0.51
    step = peak_of(0.0) * np.sin(2 * np.pi / 8)
    assert np.abs(np.diff(samples)).max() <= step + 1


def test_bursts_begin_softly() -> None:
    samples = play(beep(2000.0, 100.0, level=0.0), 5).astype(float)
    whole = np.abs(np.diff(samples))
    assert whole[0] < whole.max() / 10


def test_rows_do_not_disturb_each_other() -> None:
    source = ToneSource(4)
    sounds = [tone("440"), named_tone("busy es"), dtmf("159D"), named_tone("sit")]
    for row, sound in enumerate(sounds):
        source.start(row, sound, delay=row)
    rows = np.array([3, 0, 2, 1])
    made = np.concatenate([source.take_frames(rows)[0] for _ in range(35)], axis=1)
    for place, row in enumerate(rows):
        alone = play(sounds[row], 35, delay=int(row))
        assert (made[place] == alone).all()


def test_unused_waves_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tones, "POOL_LIMIT", 30_000)
    source = ToneSource(2)
    source.start(0, tone("440", 500, 200))
    row = np.array([0])
    made = []
    for step in range(100):
        source.start(1, beep(300.0 + step, 500.0))
        made.append(source.take_frames(row)[0][0])
    assert (np.concatenate(made) == play(tone("440", 500, 200), 100)).all()
    assert len(source._pool) < 120_000


def test_impossible_tones_are_refused() -> None:
    with pytest.raises(ValueError, match="last"):
        render(Tone((Burst(((440.0, -13.0),)), Burst((), 100.0))))
    with pytest.raises(ValueError, match="no length"):
        render(Tone((Burst((), 0.0),)))
    with pytest.raises(ValueError, match="next frame"):
        ToneSource(1).start(0, tone("440"), delay=161)


def test_loud_sums_are_clipped_not_wrapped() -> None:
    samples = render(tone("440+450", 200, 0, level=3.0)).samples
    assert samples.max() == 32767
    assert np.abs(np.diff(samples.astype(int))).max() < 30000
