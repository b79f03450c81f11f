"""Rehearsals: a script is run as far as the keys lead, at its lines, and is bounded."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from softswitch.ozml.terminal.rehearsal import MOST_LINES, Rehearsal, rehearse

MENU = b"""<Response>
  <UserInput Timeout="600" Repeat="true">
    <InitialCommands><Speak>One or two?</Speak></InitialCommands>
    <Inputs>
      <Input Key="1"><Delay>3600</Delay><Speak>one</Speak></Input>
    </Inputs>
  </UserInput>
  <Speak>bye</Speak>
</Response>"""


def run(source: bytes, keys: str = "", sounds: list[str] | None = None) -> Rehearsal:
    return rehearse(source, static=Path("/nonexistent"), keys=keys, sounds=sounds)


def texts(rehearsal: Rehearsal) -> list[str]:
    return [each.text for each in rehearsal.heard]


def test_it_stops_where_a_key_is_asked_for_and_goes_on_with_it() -> None:
    first = run(MENU)
    assert (texts(first), first.end) == (["· answered", "“One or two?”"], "asks")
    assert [(each.line, each.command) for each in first.heard][-1] == (3, "Speak")
    second = run(MENU, "12")
    assert texts(second)[2:] == [
        "“one”", "“bye”", "· the script has ended and the call is hung up",
    ]  # fmt: skip
    assert (second.end, second.keys_left) == ("ended", "2")
    assert [each.line for each in second.heard][2:] == [5, 8, 0]


def test_no_key_in_time_is_a_space() -> None:
    found = run(MENU, "  1")
    assert texts(found).count("“One or two?”") == 3
    assert found.end == "ended"


def test_mistakes_are_told_with_their_place() -> None:
    found = run(b"<Response>\n<Speek>x</Speek></Response>")
    assert found.end == "failed"
    assert "line 2, column 1" in texts(found)[0]
    assert "did you mean <Speak>?" in texts(found)[0]
    broken = run(b"<Response>")
    assert (broken.end, len(broken.heard)) == ("failed", 1)


def test_no_application_is_asked() -> None:
    found = run(b'<Response><GoTo Url="http://127.0.0.1:1/next">x</GoTo></Response>')
    assert found.end in ("ended", "failed")
    found = run(b"<Response><GoTo>http://127.0.0.1:1/next</GoTo></Response>")
    assert any("http://127.0.0.1:1/next" in text for text in texts(found))
    assert found.end == "ended"


@pytest.mark.parametrize(
    "source",
    [
        b"<Response>" + b"<Speak>x</Speak>" * 9_990 + b"</Response>",
        b"<Response><Array ID='a'>" + b"<item>x</item>" * 90 + b"</Array><ForEach Source='a'>"
        b"<ForEach Source='a'><ForEach Source='a'><Speak>x</Speak></ForEach></ForEach></ForEach>"
        b"</Response>",
        b"<Response><Delay>86000</Delay><Delay>86000</Delay><Speak>" + b"y" * 900_000
        + b"</Speak></Response>",
    ],
)  # fmt: skip
def test_whatever_a_script_does_is_over_in_a_moment(source: bytes) -> None:
    began = time.thread_time()
    found = run(source)
    # A run that counts branches costs several times as much.
    assert time.thread_time() - began < (5 if sys.gettrace() is None else 30)
    assert len(found.heard) <= MOST_LINES
    assert max(len(each.text) for each in found.heard) <= 4096


def test_what_detect_hears_is_given() -> None:
    inside = b"<Detect For='answer'><OnMachine><Speak>m</Speak></OnMachine></Detect>"
    source = b"<Response>" + inside + b"</Response>"
    assert "“m”" in texts(run(source, sounds=["machine"]))
    assert "“m”" not in texts(run(source, sounds=[""]))
