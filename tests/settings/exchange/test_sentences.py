"""What the switch says by itself may be said in other words; every sentence has its name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from softswitch.calls.ports.prompts import Prompts, PromptSound
from softswitch.calls.prompts.sentences import said
from softswitch.settings.exchange.sentences import NO_SENTENCES, SentenceSettings, words_of
from softswitch.settings.load import ConfigurationError, load

CALLS = Path(__file__).parents[3] / "softswitch" / "calls"
NAMES = SentenceSettings.model_fields.keys() - set(NO_SENTENCES)
SPEAKERS = {"say", "refuse", "_refuse", "speak"}
"Functions that are given what is said."
UNSAID = "the parking lot is taken"
"The reason of a transfer that fails, which nobody hears."


def lines(folder: Path, text: str) -> list[str]:
    file = folder / "softswitch.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    return [line.partition(": ")[2] for line in caught.value.lines]


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ('ownnumber = "x"', "sentences.ownnumber: unknown key, did you mean own_number?"),
        (
            'own_number = "Sie haben {nummer}."',
            "sentences: own_number: expected one of number, not {nummer}",
        ),
        (
            'call_gone = "{number} ist weg."',
            "sentences: call_gone: expected no words in braces, not {number}",
        ),
        (
            'own_number = "{number.__class__}"',
            "sentences: own_number: expected braces around words only",
        ),
        ('own_number = "{number!r}"', "sentences: own_number: expected braces around words only"),
        ('own_number = "{"', "sentences: own_number: expected braces around words only"),
        ('own_number = ""', "sentences.own_number: expected a text that is not empty"),
        (
            'own_number = "prompt:mine"',
            "sentences.own_number: expected the name of a prompt, not 'mine'",
        ),
    ],
)
def test_other_words_fit_their_sentence(tmp_path: Path, entry: str, wrong: str) -> None:
    assert lines(tmp_path, f"[sentences]\n{entry}\n") == [wrong]


def test_what_the_settings_have_is_said_instead() -> None:
    german = PromptSound(text="Dies ist {number}.", language="de")
    prompts = Prompts({}, {"own_number": german, "call_gone": PromptSound(path="prompt:gone")})
    sentence = said("own_number", number="1 0 0 0")
    assert sentence == "This is extension 1 0 0 0."
    assert prompts.in_other_words(sentence) == german._replace(text="Dies ist 1 0 0 0.")
    assert prompts.in_other_words(said("call_gone")).path == "prompt:gone"
    kept = said("parked", lot="7 0 1")
    assert prompts.in_other_words(kept) == PromptSound(text="Parked at 7 0 1.")
    assert prompts.in_other_words("as it is {number}").text == "as it is {number}"


def named() -> set[str]:
    """The names of sentences that call control says, as far as they stand in it."""
    found: set[str] = set()
    for file in CALLS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_name_is_said_somewhere() -> None:
    conditions = {"always", "busy", "no_answer", "not_registered"}
    composed = {f"forward_{each}{off}" for each in conditions for off in ("", "_off")}
    assert NAMES - named() - composed == set()


def test_nothing_is_said_without_a_name() -> None:
    for file in (*(CALLS / "codes").glob("*.py"), *(CALLS / "parking").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(getattr(node, "func", None), "attr", None)
            name = name or getattr(getattr(node, "func", None), "id", None)
            if isinstance(node, ast.Call) and name in SPEAKERS:
                texts = [
                    each
                    for each in node.args
                    if isinstance(each, ast.JoinedStr)
                    or (isinstance(each, ast.Constant) and isinstance(each.value, str))
                ]
                texts = [each for each in texts if getattr(each, "value", "") != UNSAID]
                assert texts == [], (file, ast.dump(node))


def test_every_default_has_words_that_can_be_read() -> None:
    for name in NAMES:
        words_of(SentenceSettings.model_fields[name].default)
