"""`softswitch script`: mistakes by line, keys given beforehand, time skipped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
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


def test_a_prompt_is_shown_by_its_name(script: Path) -> None:
    script.write_text("<Response><Play>prompt:closed</Play></Response>")
    assert lines_of(script, "") == [
        "· answered",
        "♪ prompt:closed",
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
        f"{path}:1:11: <Response> of line 1, column 1 is not closed, expected </Response>"
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


@contextmanager
def web_server(answer: str) -> Iterator[tuple[str, list[str]]]:
    """A developer's web server on loopback, by its URL, and the forms that were posted to it."""
    forms: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            forms.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/xml")
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Tell the terminal nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/next", forms
        finally:
            server.shutdown()
            serving.join()


def test_a_script_goes_on_at_an_application_of_the_developer(tmp_path: Path) -> None:
    path = tmp_path / "moves.xml"
    with web_server("<Response><Delay>3600</Delay><Speak>moved</Speak></Response>") as (url, forms):
        path.write_text(f"<Response><Delay>3600</Delay><GoTo Url='{url}'/></Response>")
        lines = lines_of(path, "")
    assert lines[-2:] == ["“moved”", "· the script has ended and the call is hung up"]
    assert "NotificationName=GoTo" in forms[0]
    assert "CallerId=1000" in forms[0]


def test_an_application_that_has_no_script_ends_the_run(tmp_path: Path) -> None:
    path = tmp_path / "moves.xml"
    lines: list[str] = []
    with web_server("") as (url, _):
        path.write_text(f"<Response><Speak>before</Speak><GoTo Url='{url}'/></Response>")
        assert not play(path, static=tmp_path, keys="", say=lines.append, ask=str)
    assert "“before”" in lines
    assert lines[-1] == f"! {url}: answered 404"


def test_a_file_that_is_no_script_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "broken.xml"
    path.write_text("<Response>")
    for given, expected in (
        (path, f"! {path}: line 1, column 11: <Response> of line 1"),
        (tmp_path / "none.xml", f"! {tmp_path}/none.xml cannot be read: No such file or "),
    ):
        lines: list[str] = []
        assert not play(given, static=tmp_path, keys="", say=lines.append, ask=str)
        assert len(lines) == 1
        assert lines[0].startswith(expected)


def test_a_mistake_that_a_command_runs_without_is_told_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "skips.xml"
    path.write_text("<Response><Speak Tone='1'>Hi</Speak></Response>")
    lines = lines_of(path, "")
    assert "“Hi”" in lines
    (told,) = [line for line in lines if line.endswith("(skipped)")]
    assert told.startswith(f"! {path}: ")
    assert "unknown parameter 'Tone'" in told
    assert list(check(path, strict=False)) == []
    assert len(list(check(path))) == 1


def test_a_call_that_leaves_its_script_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "leaves.xml"
    path.write_text("<Response><BlindTransfer>1001</BlindTransfer><Speak>no</Speak></Response>")
    lines = lines_of(path, "")
    assert lines[-1] == "· the script has ended, and the call goes on without it"
    assert "“no”" not in lines


def test_a_caller_who_hangs_up_ends_the_script(script: Path) -> None:
    def hang_up() -> str:
        raise EOFError

    lines: list[str] = []
    play(script, static=script.parent, keys=None, say=lines.append, ask=hang_up)
    assert "“one”" not in lines
    assert lines[-1] == "· the script has ended and the call is hung up"


def test_control_c_interrupts_the_question_for_keys(script: Path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def interrupt() -> str:
        signal.raise_signal(signal.SIGINT)
        return "1"

    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        play(script, static=script.parent, keys=None, say=lines.append, ask=interrupt)
    assert "“one”" not in lines
    assert signal.getsignal(signal.SIGINT) is before


def test_calls_that_a_script_would_start_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "calls.xml"
    path.write_text("<Response><Call>1001</Call><CallSetup Caller='1' Callee='2'/></Response>")
    lines = lines_of(path, "")
    assert "· calls 1001" in lines
    assert "· connects 1 with 2" in lines
