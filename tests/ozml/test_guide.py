"""The scripts of docs/scripts.md: all are read, and those of callers run on the simulated call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from softswitch.commands.base.placement import ROUTING, SCRIPT, THIRD_PARTY
from softswitch.ozml.check import mistakes_of
from softswitch.ozml.document import commands_of, parse_document
from tests.ozml.test_interpreter import play, said

GUIDE = Path(__file__).parents[2] / "docs" / "scripts.md"
SCRIPTS = re.findall(r"```xml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
HELLO, MENU, LISTENING, VARIABLES, ABOUT_OTHERS, ROUTE = SCRIPTS


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        (HELLO, SCRIPT),
        (MENU, SCRIPT),
        (LISTENING, SCRIPT),
        (VARIABLES, SCRIPT),
        (ABOUT_OTHERS, THIRD_PARTY),
        (ROUTE, ROUTING),
    ],
)
def test_the_scripts_are_right(source: str, origin: object) -> None:
    assert list(mistakes_of(commands_of(parse_document(source.encode())), origin)) == []  # type: ignore[arg-type]


def test_hello() -> None:
    assert said(play(HELLO)) == ["“Hello. Your number is 1000.”", "beep 1000 Hz, 300 ms"]


def test_the_menu() -> None:
    result = play(MENU, keys=[(1.0, "2")])
    assert said(result)[-2:] == ["“We are open from nine to five.”", "“Goodbye.”"]
    assert "· transferred to 201" in play(MENU, keys=[(1.0, "1")]).lines


def test_listening() -> None:
    caller = said(play(LISTENING, sounds=["", "silence"]))
    assert caller == ["“Please tell us your name.”", "“Thank you.”"]
    assert said(play(LISTENING, sounds=["silence"])) == ["“We cannot hear you. Please call again.”"]
    assert "· transferred to fax" in play(LISTENING, sounds=["cng"]).lines


def test_the_variables() -> None:
    assert said(play(VARIABLES)) == [
        "“Welcome to the bicycle shop. It costs 5 $.”",
        "“The lift stops at the ground floor.”",
        "“The lift stops at the roof.”",
        "“These were 2 stops, the first was ground floor.”",
    ]
