"""Scripts that play a prompt by name keep it from being removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.app.exchange.prompts_in_scripts import played_still
from softswitch.settings.exchange.prompts import PromptSettings
from softswitch.settings.extensions.ivr import IvrExtension
from softswitch.settings.load import Settings


def with_prompts(script: Path, *names: str) -> Settings:
    fetched = IvrExtension(number="601", type="ivr", url="http://127.0.0.1/prompt:a")
    own = IvrExtension(number="600", type="ivr", script=script)
    prompts = tuple(PromptSettings(name=name, text="Hello") for name in names)
    return Settings(extensions=(fetched, own), prompts=prompts)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ("<Response><Play>prompt:a</Play></Response>", 1),
        ("<Response>\n<Gather><Play Repeat='1'>\n prompt:a </Play></Gather></Response>", 2),
        ("<Response>\n\n<Play AudioFile='prompt:a'/></Response>", 3),
        ("<Response><Play>prompt:b</Play><Speak>prompt:ab</Speak></Response>", None),
        ("<Response><Play>prompt:$name</Play></Response>", None),
        ("<Response><Play>prompt:a", None),
    ],
)
def test_a_script_names_what_it_plays(tmp_path: Path, document: str, line: int | None) -> None:
    script = tmp_path / "menu.xml"
    script.write_text(document)
    found = list(played_still(with_prompts(script, "a", "b"), with_prompts(script, "b")))
    wrong = f"{script}:{line}: names the prompt 'a', expected one that stays"
    assert found == ([] if line is None else [("extensions[1].script", wrong)])
    assert not list(played_still(with_prompts(script, "a"), with_prompts(script, "a", "b")))


def test_a_script_that_is_not_there_names_nothing(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.xml"
    assert not list(played_still(with_prompts(nowhere, "a"), with_prompts(nowhere)))
