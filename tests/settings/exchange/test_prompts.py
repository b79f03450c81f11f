"""Prompts in the settings: what they may be, and who may name which."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.settings.contradictions import named_sounds
from softswitch.settings.exchange.prompts import prompt_of, source_of
from softswitch.settings.load import ConfigurationError, Settings, load

USERS = """
[media]
hold_music = "prompt:hold"
error_prompt = "prompt:hold"
[announcements]
busy = "prompt:hold"
rejected = "No."
[[trunks]]
name = "carrier"
host = "192.0.2.1"
ringback = "prompt:hold"
[[extensions]]
type = "phone"
number = "1000"
ringback = "prompt:hold"
mailbox = true
mailbox_greeting = "prompt:hold"
[[extensions]]
type = "group"
number = "700"
members = ["1000"]
ringback = "prompt:hold"
mailbox = true
mailbox_greeting = "prompt:hold"
[[extensions]]
type = "queue"
number = "750"
agents = ["1000"]
music = "prompt:hold"
greeting = "prompt:hold"
whisper_file = "prompt:hold"
[[extensions]]
type = "conference"
number = "800"
music = "prompt:hold"
pin_prompt = "prompt:hold"
[[extensions]]
type = "parking"
range = "710-719"
music = "prompt:hold"
[[extensions]]
type = "voicemail"
number = "899"
"""
PLACES = USERS.count("prompt:hold")


def read(folder: Path, text: str) -> Settings:
    file = folder / "softswitch.toml"
    file.write_text(text)
    return load(file)


def lines(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    return [line.partition(": ")[2] for line in caught.value.lines]


@pytest.mark.parametrize(
    ("prompt", "wrong"),
    [
        ("", "prompts #1 (name hold): expected file or text, one of them"),
        (
            'file = "a.wav"\ntext = "b"',
            "prompts #1 (name hold): expected file or text, one of them",
        ),
        (
            'file = "a.wav"\nvoice = "x"',
            "prompts #1 (name hold): expected text beside language and voice",
        ),
        (
            'file = "prompt:other"',
            "prompts #1 (name hold): expected an audio file, not another prompt",
        ),
    ],
)
def test_a_prompt_is_one_sound(tmp_path: Path, prompt: str, wrong: str) -> None:
    assert lines(tmp_path, f'[[prompts]]\nname = "hold"\n{prompt}\n') == [wrong]


@pytest.mark.parametrize("name", ["", "a b", "../a", "a/b", "a.wav", "-a", "x" * 65])
def test_a_name_can_be_no_path(tmp_path: Path, name: str) -> None:
    [line] = lines(tmp_path, f'[[prompts]]\nname = "{name}"\ntext = "Hello"\n')
    assert "expected a text that matches" in line


def test_every_place_of_a_sound_may_name_a_prompt_that_is_there(tmp_path: Path) -> None:
    settings = read(tmp_path, '[[prompts]]\nname = "hold"\ntext = "Please wait."\n' + USERS)
    named = [prompt_of(path) for _, path in named_sounds(settings) if path is not None]
    assert named == ["hold"] * PLACES


def test_whoever_names_a_prompt_that_is_not_there_is_told(tmp_path: Path) -> None:
    wrong = "expected the name of a prompt, not 'hold'"
    found = lines(tmp_path, '[[prompts]]\nname = "other"\ntext = "Hello"\n' + USERS)
    assert len(found) == PLACES
    assert all(line.endswith(wrong) for line in found)
    assert {"media.hold_music", "announcements.busy"} <= {line.split(": ")[0] for line in found}


def test_what_a_port_is_given() -> None:
    assert source_of(Path("prompt:hold")) == "prompt:hold"
    assert source_of(Path("config/hold.ogg")) == str(Path("config/hold.ogg").absolute())
    assert prompt_of("config/prompt:hold") is None
