"""Keys in sound: every must-detect and must-not-detect case of Q.24, before and after G.711."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from media.listen.dtmf import DtmfListener
from media.listen.heard import KeyPressed, KeyReleased
from media.play.tones import render
from media.signals.dtmf_keys import KEYPAD
from media.signals.levels import power_of
from media.signals.tone_table import dtmf
from tests.media.signals import (
    Sound,
    a_law,
    as_they_are,
    hear,
    press,
    rows_of,
    silence,
    sine,
    to_int16,
    u_law,
    with_echo,
)

EACH = 4
"Rows of each key, each at another place in its tick and with other phases."

Make = Callable[[str, tuple[float, float]], Sound]

CODINGS = pytest.mark.parametrize("coding", [as_they_are, a_law, u_law])


def every_key(make: Make, lead_ms: float = 40.0, seed: int = 1) -> Sound:
    """Each key `EACH` times, begun at places that cover the 20 ms of a tick."""
    chance = np.random.default_rng(seed)
    return rows_of(
        [
            np.concatenate(
                (
                    silence(lead_ms + 20 * chance.random()),
                    make(key, (6.28 * chance.random(), 6.28 * chance.random())),
                )
            )
            for key in KEYPAD
            for _ in range(EACH)
        ]
    )


def pressed(events: Sequence[object]) -> str:
    """The keys of a row's events."""
    return "".join(event.key for event in events if isinstance(event, KeyPressed))


def keys_heard(
    sounds: Sound, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]] = as_they_are
) -> list[str]:
    return [pressed(events) for events in hear(DtmfListener, sounds, coding)]


def each(times: int) -> list[str]:
    return [key * times for key in KEYPAD for _ in range(EACH)]


MUST_DETECT: dict[str, Make] = {
    "shortest tone": lambda key, at: press(key, 40.0, phases=at),
    "long tone": lambda key, at: press(key, 300.0, phases=at),
    "both 1.5 % high": lambda key, at: press(key, 40.0, off=(0.015, 0.015), phases=at),
    "both 1.5 % low": lambda key, at: press(key, 40.0, off=(-0.015, -0.015), phases=at),
    "1.5 % apart": lambda key, at: press(key, 40.0, off=(-0.015, 0.015), phases=at),
    "1.5 % together": lambda key, at: press(key, 40.0, off=(0.015, -0.015), phases=at),
    "0 dBm0, clipped": lambda key, at: press(key, 40.0, 0.0, 0.0, phases=at),
    "-25 dBm0": lambda key, at: press(key, 40.0, -25.0, -25.0, phases=at),
    "high tone 4 dB stronger": lambda key, at: press(key, 40.0, -10.0, -6.0, phases=at),
    "high tone 4 dB stronger, faint": lambda key, at: press(key, 40.0, -25.0, -21.0, phases=at),
    "high tone 6 dB stronger": lambda key, at: press(key, 50.0, -12.0, -6.0, phases=at),
    "low tone 8 dB stronger": lambda key, at: press(key, 40.0, -6.0, -14.0, phases=at),
    "low tone 8 dB stronger, faint": lambda key, at: press(key, 40.0, -17.0, -25.0, phases=at),
    "low tone 9 dB stronger": lambda key, at: press(key, 50.0, -6.0, -15.0, phases=at),
    "interrupted for 10 ms": lambda key, at: np.concatenate(
        (press(key, 40.0, phases=at), silence(10.0), press(key, 40.0, phases=at))
    ),
    "interrupted for 10 ms, early": lambda key, at: np.concatenate(
        (press(key, 25.0, phases=at), silence(10.0), press(key, 60.0, phases=at))
    ),
    "interrupted again and again": lambda key, at: np.concatenate(
        [part for _ in range(6) for part in (press(key, 40.0, phases=at), silence(10.0))]
    ),
    "third tone 16 dB down, 200 Hz": lambda key, at: (
        press(key, 60.0, phases=at) + sine(200.0, 60.0, -25.0)
    ),
    "third tone 16 dB down, 1050 Hz": lambda key, at: (
        press(key, 60.0, phases=at) + sine(1050.0, 60.0, -25.0)
    ),
    "third tone 16 dB down, 2600 Hz": lambda key, at: (
        press(key, 60.0, phases=at) + sine(2600.0, 60.0, -25.0)
    ),
    "echo": lambda key, at: with_echo(press(key, 40.0, phases=at)),
    "echo, 1.5 % off": lambda key, at: with_echo(press(key, 50.0, off=(0.015, -0.015), phases=at)),
}

MUST_NOT_DETECT: dict[str, Make] = {
    "20 ms": lambda key, at: press(key, 20.0, phases=at),
    "23 ms": lambda key, at: press(key, 23.0, phases=at),
    "23 ms, loud": lambda key, at: press(key, 23.0, 0.0, 0.0, phases=at),
    "23 ms with echo": lambda key, at: with_echo(press(key, 23.0, phases=at)),
    "23 ms, 100 ms apart": lambda key, at: np.concatenate(
        [part for _ in range(5) for part in (press(key, 23.0, phases=at), silence(100.0))]
    ),
    "low tone 3.5 % high": lambda key, at: press(key, 100.0, off=(0.035, 0.0), phases=at),
    "low tone 3.5 % low": lambda key, at: press(key, 100.0, off=(-0.035, 0.0), phases=at),
    "high tone 3.5 % high": lambda key, at: press(key, 100.0, off=(0.0, 0.035), phases=at),
    "high tone 3.5 % low": lambda key, at: press(key, 100.0, off=(0.0, -0.035), phases=at),
    "low tone 4.5 % high": lambda key, at: press(key, 100.0, off=(0.045, 0.0), phases=at),
    "high tone 4.5 % high": lambda key, at: press(key, 100.0, off=(0.0, 0.045), phases=at),
    "high tone 6 % low": lambda key, at: press(key, 100.0, off=(0.0, -0.06), phases=at),
    "-55 dBm0": lambda key, at: press(key, 200.0, -55.0, -55.0, phases=at),
    "one tone alone": lambda key, at: press(key, 100.0, -9.0, -90.0, phases=at),
    "the other tone alone": lambda key, at: press(key, 100.0, -90.0, -9.0, phases=at),
    "high tone 12 dB stronger": lambda key, at: press(key, 100.0, -20.0, -8.0, phases=at),
    "low tone 16 dB stronger": lambda key, at: press(key, 100.0, -6.0, -22.0, phases=at),
    "equal third tone, 550 Hz": lambda key, at: (
        press(key, 100.0, phases=at) + sine(550.0, 100.0, -9.0)
    ),
    "equal third tone, 1050 Hz": lambda key, at: (
        press(key, 100.0, phases=at) + sine(1050.0, 100.0, -9.0)
    ),
    "equal third tone, 2600 Hz": lambda key, at: (
        press(key, 100.0, phases=at) + sine(2600.0, 100.0, -9.0)
    ),
    "two low tones": lambda key, at: (
        press(key, 100.0, phases=at) + press("5", 100.0, -9.0, -90.0)
        if key not in "456B"
        else silence(100.0)
    ),
}


@CODINGS
@pytest.mark.parametrize("case", MUST_DETECT)
def test_must_detect(case: str, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]) -> None:
    assert keys_heard(every_key(MUST_DETECT[case]), coding) == each(1)


@CODINGS
@pytest.mark.parametrize("case", MUST_NOT_DETECT)
def test_must_not_detect(
    case: str, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]
) -> None:
    assert keys_heard(every_key(MUST_NOT_DETECT[case]), coding) == each(0)


@CODINGS
@pytest.mark.parametrize("pause", [40.0, 55.0])
@pytest.mark.parametrize("echo", [False, True])
def test_the_same_key_twice(
    pause: float, echo: bool, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]
) -> None:
    def make(key: str, at: tuple[float, float]) -> Sound:
        once = press(key, 40.0, phases=at)
        twice = np.concatenate((once, silence(pause), once))
        return with_echo(twice) if echo else twice

    assert keys_heard(every_key(make), coding) == each(2)


@CODINGS
@pytest.mark.parametrize("level", [-9.0, -24.0])
@pytest.mark.parametrize("off", [0.0, 0.015])
def test_noise_15_db_down(
    level: float, off: float, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]
) -> None:
    noise = np.sqrt(2 * power_of(level) * 10**-1.5)
    chance = np.random.default_rng(2)

    def noisy(make: Make) -> Sound:
        sounds = every_key(make)
        return sounds + chance.normal(size=sounds.shape) * noise

    def good(key: str, at: tuple[float, float]) -> Sound:
        return press(key, 50.0, level, level, (off, -off), at)

    assert keys_heard(noisy(good), coding) == each(1)
    short = noisy(lambda key, at: press(key, 23.0, level, level, phases=at))
    assert keys_heard(short, coding) == each(0)
    twice = noisy(lambda key, at: np.concatenate((good(key, at), silence(45.0), good(key, at))))
    assert keys_heard(twice, coding) == each(2)


@CODINGS
@pytest.mark.parametrize("dial", [(350, 440), (425,), (400,), (450,), (413, 438), (420,), (440,)])
@pytest.mark.parametrize(("loud", "level"), [(-3.0, -25.0), (-13.0, -25.0), (-13.0, -9.0)])
def test_dial_tone_22_db_above_the_lowest_level(
    dial: tuple[int, ...],
    loud: float,
    level: float,
    coding: Callable[[NDArray[np.int16]], NDArray[np.int16]],
) -> None:
    sounds = every_key(lambda key, at: press(key, 40.0, level, level, phases=at), lead_ms=500.0)
    for hertz in dial:
        sounds = sounds + sine(hertz, sounds.shape[1] / 8, loud, hertz % 7)
    assert keys_heard(sounds, coding) == each(1)


def test_modulated_dial_tone() -> None:
    sounds = every_key(lambda key, at: press(key, 50.0, -20.0, -20.0, phases=at), lead_ms=500.0)
    for hertz, level in ((375, -19.0), (400, -13.0), (425, -19.0)):
        sounds = sounds + sine(hertz, sounds.shape[1] / 8, level)
    assert keys_heard(sounds) == each(1)


def test_fastest_dialling() -> None:
    keys = KEYPAD * 2
    parts = [part for key in keys for part in (press(key, 48.0), silence(45.0))]
    leads = [silence(lead) for lead in np.arange(0.0, 20.0, 1.3)]
    sounds = rows_of([np.concatenate((lead, *parts)) for lead in leads])
    assert keys_heard(sounds) == [keys] * len(leads)


def test_our_own_keys_at_their_shortest() -> None:
    sound = render(dtmf(KEYPAD, 50.0, 50.0)).samples.astype(float)
    assert keys_heard(rows_of([sound]))[0] == KEYPAD


@pytest.mark.parametrize("length", [40.0, 60.0, 100.0, 1000.0])
def test_times_are_told(length: float) -> None:
    sounds = rows_of(
        [np.concatenate((silence(30.0 + lead), press("5", length))) for lead in range(20)]
    )
    for lead, events in enumerate(hear(DtmfListener, sounds)):
        down, up = events
        assert down.started_ms == pytest.approx(30.0 + lead, abs=3.5)
        assert up == KeyReleased(lead, "5", down.started_ms, up.duration_ms)
        assert up.duration_ms == pytest.approx(length, abs=6.0)


def test_a_key_is_told_within_three_ticks_of_its_begin() -> None:
    listener = DtmfListener(1)
    listener.claim(0)
    sound = to_int16(press("7", 200.0))[np.newaxis]
    rows = np.array([0])
    told = [listener.feed_samples(rows, sound[:, k : k + 160]) for k in range(0, 1600, 160)]
    assert [bool(events) for events in told].index(True) <= 2


def test_held_while_the_key_is_down() -> None:
    listener = DtmfListener(3)
    listener.claim(2)
    rows = np.array([2])
    sound = to_int16(rows_of([press("7", 200.0)]))
    held = []
    for begin in range(0, sound.shape[1], 160):
        listener.feed_samples(rows, sound[:, begin : begin + 160])
        held.append(bool(listener.held(rows)[0]))
    assert held[3:10] == [True] * 7
    assert not any(held[13:])
    assert listener.held(np.array([0, 1])).tolist() == [False, False]


def test_claiming_forgets_what_the_row_heard() -> None:
    listener = DtmfListener(2)
    rows = np.array([1])
    sound = to_int16(press("7", 200.0))[np.newaxis]
    listener.claim(1)
    assert pressed(
        [e for k in range(0, 800, 160) for e in listener.feed_samples(rows, sound[:, k : k + 160])]
    )
    assert listener.listening.tolist() == [False, True]
    listener.free(1)
    assert not listener.listening.any()
    assert not listener.held(rows)[0]
    listener.claim(1)
    assert listener.feed_samples(rows, np.zeros((1, 160), np.int16)) == []
    again = [
        e for k in range(0, 800, 160) for e in listener.feed_samples(rows, sound[:, k : k + 160])
    ]
    assert again[0].started_ms == pytest.approx(20.0, abs=3.0)


def test_rows_in_any_order_and_float_samples() -> None:
    sounds = every_key(lambda key, at: press(key, 60.0, phases=at))
    listener = DtmfListener(200)
    rows = np.random.default_rng(3).permutation(200)[: len(sounds)]
    for row in rows:
        listener.claim(int(row))
    heard = dict.fromkeys(rows.tolist(), "")
    for begin in range(0, sounds.shape[1], 160):
        part = sounds[:, begin : begin + 160].astype(np.float32)
        for event in listener.feed_samples(rows, part):
            heard[event.row] += event.key if isinstance(event, KeyPressed) else ""
    assert list(heard.values()) == each(1)


def test_16_khz() -> None:
    chance = np.random.default_rng(4)
    sounds = rows_of(
        [
            np.concatenate(
                (silence(50.0 + 20 * chance.random(), 16000), press(key, 45.0, rate=16000))
            )
            for key in KEYPAD
        ],
        rate=16000,
    )
    short = rows_of([press(key, 23.0, rate=16000) for key in KEYPAD], rate=16000)

    def make(count: int) -> DtmfListener:
        return DtmfListener(count, 16000)

    assert [pressed(e) for e in hear(make, sounds, frame=320)] == list(KEYPAD)
    assert [pressed(e) for e in hear(make, short, frame=320)] == [""] * 16


def voices(seconds: int, rows: int) -> Sound:
    """Something like speech: harmonics of a gliding pitch through three moving resonances."""
    chance = np.random.default_rng(5)
    n = np.arange(seconds * 8000) / 8000
    knots = np.arange(0, seconds + 0.15, 0.12)
    sounds = np.zeros((rows, len(n)))
    for row in range(rows):

        def glide(low: float, high: float) -> Sound:
            return np.interp(n, knots, chance.uniform(low, high, len(knots)))

        pitch = glide(80, 140) * (2 if row % 2 else 1)
        phase = 2 * np.pi * np.cumsum(pitch) / 8000
        formants = [(glide(270, 900), 60.0), (glide(850, 2300), 90.0), (glide(2000, 3000), 120.0)]
        for harmonic in range(1, 28):
            hertz = harmonic * pitch
            gain = sum(1 / (1 + ((hertz - centre) / width) ** 2) for centre, width in formants)
            sounds[row] += (
                np.where(hertz < 3800, gain, 0) * np.sin(harmonic * phase) / harmonic**0.5
            )
        sounds[row] *= glide(0.0, 1.0)
    return sounds / np.abs(sounds).max() * 25000


def test_speech_is_no_key() -> None:
    assert keys_heard(voices(12, 6)) == [""] * 6


def test_noise_is_no_key() -> None:
    chance = np.random.default_rng(6)
    levels = np.array([[10.0], [300.0], [3000.0], [12000.0]] * 5)
    assert keys_heard(chance.normal(size=(20, 80000)) * levels) == [""] * 20


def test_music_of_two_tones_is_no_key() -> None:
    chance = np.random.default_rng(7)
    notes = 220 * 2 ** (np.arange(36) / 12)
    sounds = rows_of(
        [
            np.concatenate(
                [sine(a, 120.0) + sine(b, 120.0) for a, b in chance.choice(notes, (40, 2))]
            )
            for _ in range(10)
        ]
    )
    # 698.5 and 1318.5 Hz are within 1.5 % of key 2, and the like of other keys: those may be heard.
    near = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0]
    assert min(abs(note / hertz - 1) for note in notes for hertz in near) < 0.015
    assert sum(len(keys) for keys in keys_heard(sounds)) < 12
