"""What can be spoken, and the sentences that it is cut into."""

from __future__ import annotations

import numpy as np
import pytest

from media.speech.engine import SpeechError
from media.speech.loudness import PAUSE_MS, to_telephone
from media.speech.text import LONGEST_SENTENCE, LONGEST_TEXT, check, sentences


def test_a_text_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(SpeechError, match="the text has 100000 characters, at most 10000"):
        check("x" * 100_000)
    assert len(check("x" * LONGEST_TEXT)) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("character", "name"), [("\x07", "0007"), ("\0", "0000"), ("\x85", "0085")]
)
def test_control_characters_are_refused_with_their_place(character: str, name: str) -> None:
    with pytest.raises(SpeechError, match=rf"control character U\+{name} at position 4"):
        check(f"abc{character}d")


def test_lines_and_tabs_are_no_control_characters() -> None:
    assert check("a\tb\r\nc") == "a\tb\r\nc"


def test_invisible_characters_are_left_out() -> None:
    assert check("a\u200b\u202eb\ufeff") == "ab"
    with pytest.raises(SpeechError, match="control character U\\+D800"):
        check("a\ud800")


@pytest.mark.parametrize("text", ["", "  \n ", "...", "!?", "\u200b"])
def test_nothing_to_say_is_refused(text: str) -> None:
    with pytest.raises(SpeechError, match="nothing that can be spoken"):
        check(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello. Press 1!  What?", ["Hello.", "Press 1!", "What?"]),
        ("Dr. Smith and J. K. Rowling met.", ["Dr. Smith and J. K. Rowling met."]),
        ("It costs 3.50 today.", ["It costs 3.50 today."]),
        ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
        ("one\ntwo\n\nthree", ["one", "two", "three"]),
        ("First line\n- second", ["First line", "- second"]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("no end", ["no end"]),
        ("#", ["#"]),
        ("Wait... what", ["Wait... what"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("text", ["word " * 2000, "a, b; " * 1600, "x" * 10_000, "#" * 10_000])
def test_no_sentence_is_too_long_and_nothing_is_lost(text: str) -> None:
    pieces = sentences(text)
    assert max(map(len, pieces)) <= LONGEST_SENTENCE
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_clauses_are_preferred_to_words() -> None:
    clause = "word " * 40
    pieces = sentences(f"{clause}one, {clause}two, {clause}three")
    assert [piece[-4:].strip(" ,") for piece in pieces] == ["one", "two", "hree"]


# ---- the sound ----------------------------------------------------------------------------------


def spoken(level: float, rate: int = 24_000) -> np.ndarray:
    """Half a second of silence, one of tone, half of silence."""
    tone = level * np.sin(2 * np.pi * 600 * np.arange(rate) / rate)
    return np.concatenate([np.zeros(rate // 2), tone, np.zeros(rate // 2)]).astype(np.float32)


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
@pytest.mark.parametrize("rate", [8000, 16_000])
def test_every_voice_comes_out_equally_loud(level: float, rate: int) -> None:
    samples = to_telephone(spoken(level), 24_000, rate).astype(float)
    middle = samples[rate // 2 : rate]
    # -17 dBm0 is 20.14 dB below the full-scale sine of +3.14 dBm0.
    assert np.abs(middle).max() == pytest.approx(32767 * 10 ** (-20.14 / 20), rel=0.06)


def test_silence_around_is_cut_to_an_even_pause() -> None:
    samples = to_telephone(spoken(0.3), 24_000, 8000)
    loud = np.flatnonzero(np.abs(samples) > 500)
    assert 0 <= loud[0] <= 0.08 * 8000
    assert abs(len(samples) - loud[-1] - PAUSE_MS * 8) <= 0.05 * 8000


def test_a_peaky_sound_is_not_clipped() -> None:
    clicks = np.zeros(24_000, np.float32)
    clicks[::300] = 0.9
    assert np.abs(to_telephone(clicks, 24_000, 8000).astype(int)).max() <= 26_000


@pytest.mark.parametrize("sound", [np.zeros(5000, np.float32), np.zeros(0, np.float32)])
def test_no_sound_becomes_a_pause(sound: np.ndarray) -> None:
    assert not np.any(to_telephone(sound, 24_000, 8000))
    assert len(to_telephone(sound, 24_000, 8000)) == PAUSE_MS * 8
