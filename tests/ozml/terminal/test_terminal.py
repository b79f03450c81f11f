"""`softswitch script`: mistakes by line, keys given beforehand, time skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.ozml.terminal.terminal import check, play

MENU = """<Response>
<UserInput Timeout="600" Repeat="false">
  <InitialCommands><Speak>One or two?</Speak></InitialCommands>
  <Inputs><Input Key="1"><Delay>3600</Delay><Speak>one</Speak></Input></Inputs>
</UserInput>
<Play>gone.wav</Play>
</Response>"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "menu.xml"
    path.write_text(MENU)
    return path


def lines_of(script: Path, keys: str | None, ask: str = "") -> list[str]:
    lines: list[str] = []
    assert play(script, static=script.parent, keys=keys, say=lines.append, ask=lambda: ask)
    return lines


def test_keys_given_beforehand(script: Path) -> None:
    assert lines_of(script, "1") == [
        "· answered",
        "“One or two?”",
        "“one”",
        "! Missing or invalid parameter 'AudioFile' for command 'Play'. gone.wav: no such file",
        "· the script has ended and the call is hung up",
    ]


def test_keys_that_nobody_asked_for_are_named(script: Path) -> None:
    assert lines_of(script, "123")[-1] == "! the script did not ask for the keys '23'"


def test_what_is_typed_and_is_no_key_is_asked_for_again(script: Path) -> None:
    lines: list[str] = []
    answers = ["one", "1"]
    ask = lambda: answers.pop(0)  # noqa: E731
    assert play(script, static=script.parent, keys=None, say=lines.append, ask=ask)
    assert lines[2:4] == ["! no keys: 'one', expected keys out of 0-9 * # A-D", "“one”"]


def test_a_variable_that_nothing_has_set_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "unknown.xml"
    path.write_text("<Response><Speak>Hello $nobody.</Speak></Response>")
    assert "! unknown variable $nobody" in lines_of(path, "")


def test_a_caller_who_types(script: Path) -> None:
    assert "“one”" in lines_of(script, None, "1")


def test_a_caller_who_presses_nothing(script: Path) -> None:
    assert "“one”" not in lines_of(script, "")


def test_check_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "bad.xml"
    path.write_text("<Response>\n  <Speek>Hi</Speek>\n  <Beep Tone='1'/>\n</Response>")
    assert list(check(path)) == [
        f"{path}:2:3: <Speek> is not a command, did you mean <Speak>?",
        f"{path}:3:3: Beep: unknown parameter 'Tone', "
        "expected one of Frequency, Duration, CallId, Party",
    ]
    path.write_text("<Response>")
    assert list(check(path)) == [
        f"{path}:1:11: no element found: <Response> of line 1, column 1 is not closed"
    ]
    assert list(check(tmp_path / "none.xml")) == [
        f"{tmp_path / 'none.xml'} cannot be read: No such file or directory, "
        "expected an OzML script"
    ]


def test_elements_without_what_they_need_hide_no_mistake_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "bad.xml"
    path.write_text(
        "<Response><UserInput><Inputs>\n"
        " <Input><Oops/></Input>\n"
        " <Input Key='1'><Beep Tone='1'/></Input>\n"
        " <Output/>\n"
        "</Inputs>\n"
        " <Prompt/></UserInput>\n"
        "<Detect For='tones'>\n"
        " <OnBeep><Nop/></OnBeep><OnSong/></Detect></Response>"
    )
    places = [line.removeprefix(f"{path}:").partition(": ") for line in check(path)]
    assert [place for place, _, _ in places] == [
        "2:2",
        "2:9",
        "3:17",
        "4:2",
        "6:2",
        "8:10",
        "8:25",
    ]
    assert places[0][2] == "Input: Key is missing, expected keys"


def test_what_detect_hears(tmp_path: Path) -> None:
    path = tmp_path / "detect.xml"
    path.write_text(
        "<Response><Detect For='answer,tones'/><Speak>$heard</Speak><Detect For='tones'/>"
        "<Detect For='silence' Seconds='1800' Timeout='3600'/></Response>"
    )
    lines: list[str] = []

    def heard(sounds: list[str] | None) -> list[str]:
        lines.clear()
        given = {"static": tmp_path, "keys": "", "ask": str, "sounds": sounds}
        assert play(path, say=lines.append, **given)  # type: ignore[arg-type]
        return lines[1:-1]

    assert heard(None) == [
        "· hears human, it is assumed",
        "“human”",
        "· hears nothing for tones",
        "· hears silence, it is assumed",
    ]
    assert heard(["cng", "beep"]) == [
        "· hears cng",
        "“cng”",
        "· hears beep",
        "· hears nothing for silence",
    ]
