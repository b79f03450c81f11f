"""The command line: exit codes, and one line for every mistake."""

from __future__ import annotations

import logging
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from softswitch.cli.main import PURPOSES, app
from softswitch.cli.what_to_type import what_to_type
from softswitch.ozml import terminal
from softswitch.settings.load import Settings
from softswitch.settings.passwords import collect

ROOT = Path(__file__).parents[2]
THREE_MISTAKES = """
[sip]
listen = ["udp:127.0.0.1"]
[media]
ports = "none"
[[extensions]]
number = "1000"
type = "telephone"
"""


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_help_names_every_purpose_of_a_script_and_imports_little() -> None:
    assert ", ".join(terminal.DOORS) == PURPOSES
    code = "import sys, softswitch.cli.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert not {"numpy", "pydantic", "aiohttp", "sqlalchemy"} & set(done.stdout.split())


def test_check_says_ok() -> None:
    assert run("check", "--config", str(ROOT / "config/softswitch.toml")) == (0, "OK\n", "")


def test_three_mistakes_are_three_lines_and_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "switch.toml"
    file.write_text(THREE_MISTAKES)
    for command in ("check", "serve"):
        code, out, err = run(command, "--config", str(file))
        assert (code, out) == (2, "")
        lines = err.splitlines()
        assert len(lines) == 3
        keys = ("sip.listen[0]", "media.ports", "extensions[0] (number 1000)")
        for line, key in zip(lines, keys, strict=True):
            assert line.startswith(f"{file}: {key}: ")
            assert "expected" in line


def test_a_file_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    code, _, err = run("serve", "--config", str(tmp_path / "none.toml"))
    assert code == 2
    assert err.startswith(f"{tmp_path / 'none.toml'}: cannot be read")


@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_database_that_is_not_ours_is_exit_code_2_and_left_alone(
    tmp_path: Path, command: str
) -> None:
    notes, file = tmp_path / "notes.txt", tmp_path / "switch.toml"
    notes.write_text("Call Anna back.\n")
    notes.chmod(0o644)
    file.write_text(f'[storage]\nurl = "sqlite:///{notes}"\n')
    assert run(command, "--config", str(file)) == (
        2,
        "",
        f"{file}: storage.url: {notes} is not a database, "
        "expected a new file or the database of a switch\n",
    )
    assert (notes.read_text(), notes.stat().st_mode & 0o777) == ("Call Anna back.\n", 0o644)
    assert sorted(tmp_path.iterdir()) == [notes, file]


NAMES_FILES = """
[media]
hold_music = "none.ogg"
error_prompt = "static"
[storage]
url = "sqlite:///switch.db"
recordings = "recordings"
static = "nowhere"
[[extensions]]
number = "600"
type = "ivr"
script = "menu.xml"
[[extensions]]
number = "601"
type = "ivr"
script = "none.xml"
[[extensions]]
number = "602"
type = "ivr"
url = "http://127.0.0.1:1/menu.xml"
[[extensions]]
range = "3000-3009"
type = "conference"
music = "room.ogg"
pin_prompt = "pin.ogg"
"""
MENU = """<Response>
  <Speak>Hello</Speak>
  <Paly>hello.wav</Paly>
  <Beep Frequency="high"/>
</Response>
"""


@pytest.mark.parametrize("command", ["check", "serve"])
def test_files_that_the_settings_name_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("switch.toml").write_text(NAMES_FILES)
    Path("menu.xml").write_text(MENU)
    Path("static").mkdir()
    code, out, err = run(command, "--config", "switch.toml")
    assert (code, out) == (2, "")
    missing = "cannot be read: No such file or directory, expected"
    assert [line.removeprefix("switch.toml: ") for line in err.splitlines()] == [
        "storage.static: nowhere is not there, expected a directory",
        f"media.hold_music: none.ogg {missing} an audio file",
        "media.error_prompt: static cannot be read: Is a directory, expected an audio file",
        "extensions[0].script (number 600): menu.xml:3:3: "
        "<Paly> is not a command, did you mean <Play>?",
        "extensions[0].script (number 600): menu.xml:4:3: "
        "Beep: Frequency cannot be 'high', expected a whole number from 100 to 3800",
        f"extensions[1].script (number 601): none.xml {missing} an OzML script",
        f"extensions[3].music (range 3000-3009): room.ogg {missing} an audio file",
        f"extensions[3].pin_prompt (range 3000-3009): pin.ogg {missing} an audio file",
    ]


@pytest.mark.parametrize("command", ["check", "serve"])
def test_recordings_that_cannot_be_made_are_exit_code_2(tmp_path: Path, command: str) -> None:
    taken, file = tmp_path / "recordings", tmp_path / "switch.toml"
    taken.write_text("")
    file.write_text(f'[storage]\nurl = "sqlite:///{taken}/switch.db"\nrecordings = "{taken}/new"\n')
    assert run(command, "--config", str(file)) == (
        2,
        "",
        f"{file}: storage.url: {taken} is not a directory, "
        f"expected a new file or the database of a switch at {taken}/switch.db\n"
        f"{file}: storage.recordings: {taken} is not a directory, "
        "expected a directory that can be written to\n",
    )


def test_python_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SOFTSWITCH_SIP__DOMAIN": "no domain"},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("SOFTSWITCH_SIP__DOMAIN: sip.domain: expected a text that ")


def test_the_card_shows_random_passwords_and_no_others(tmp_path: Path) -> None:
    settings = Settings(
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        http={"users": [{"username": "a", "password": "given by hand"}]},  # type: ignore[arg-type]
        extensions=[  # type: ignore[arg-type]
            {"number": "1000", "type": "phone"},
            {"number": "1001", "type": "phone", "password": "secret by hand"},
            {"number": "600", "type": "echo"},
        ],
    )
    passwords = collect(settings)
    card = "\n".join(what_to_type(settings, passwords))
    assert f"user 1000   password {passwords.phones['1000']}" in card
    assert "call 600" in card
    assert "server 127.0.0.1, port 5060, UDP or TCP" in card
    assert "user 1001   password as in the settings" in card
    assert "HTTP: user a   password as in the settings" in card
    assert "by hand" not in card


def test_the_card_names_server_and_users_where_no_password_is_random(tmp_path: Path) -> None:
    settings = Settings(
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        http={"users": [{"username": "a", "password": "given by hand"}]},  # type: ignore[arg-type]
        extensions=[  # type: ignore[arg-type]
            {"number": "1001", "type": "phone", "password": "secret by hand"},
        ],
    )
    assert list(what_to_type(settings, collect(settings))) == [
        "Softphones: server 127.0.0.1, port 5060, UDP or TCP",
        "  user 1001   password as in the settings",
        "HTTP: user a   password as in the settings",
    ]


def test_voices_are_listed_by_language() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "voices", "hu"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "espeak:" in done.stdout
    assert "hibari:" not in done.stdout


def test_a_language_that_no_voice_speaks_is_said() -> None:
    assert run("voices", "xx") == (0, "no voice speaks 'xx'\n", "")


def test_a_sound_that_detect_does_not_know_is_exit_code_2(tmp_path: Path) -> None:
    script = tmp_path / "detect.xml"
    script.write_text("<Response><Detect For='tones'/><Speak>$heard</Speak></Response>")
    code, out, _ = run("script", str(script), "--keys", "", "--hears", " beep,")
    assert (code, "“beep”" in out) == (0, True)
    code, out, err = run("script", str(script), "--hears", "beep,thunder")
    assert (code, out) == (2, "")
    assert "--hears cannot be 'thunder', expected some of beep, busy, ced" in err


def test_a_script_whose_caller_types_nothing_more_is_hung_up() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "script", "config/scripts/welcome.xml"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        timeout=30,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "· answered"
    assert lines[-2:] == [
        "· the caller hangs up",
        "· the script has ended and the call is hung up",
    ]
    assert len(lines) == 5


def test_ctrl_c_ends_a_script_at_once() -> None:
    child, terminal = pty.fork()
    if child == 0:
        signal.alarm(30)  # outlives exec, so that a script that does not end fails the test
        os.chdir(ROOT)
        arguments = ["-m", "softswitch", "script", "config/scripts/welcome.xml"]
        os.execv(sys.executable, [sys.executable, *arguments])
    output = b""
    while b"Enter for none" not in output:
        output += os.read(terminal, 4096)
    # Python misses a signal that comes while it begins to wait for input: people press again, too.
    ended = 0
    for turn in range(250):
        if turn % 50 == 0:
            os.write(terminal, b"\x03")
        time.sleep(0.1)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
    assert ended
    assert os.waitstatus_to_exitcode(status) == 130
    assert b"Traceback" not in output + os.read(terminal, 65536)
    os.close(terminal)


def test_a_failed_command_is_shown_once_and_not_logged(tmp_path: Path) -> None:
    script = tmp_path / "gone.xml"
    script.write_text("<Response><Play>gone.wav</Play></Response>")
    code, out, err = run("script", str(script))
    assert (code, err) == (0, "")
    assert out.count("gone.wav") == 1
    assert "command failed" not in out


def test_a_key_that_no_phone_has_is_exit_code_2(tmp_path: Path) -> None:
    script = tmp_path / "menu.xml"
    script.write_text("<Response><UserInput/></Response>")
    code, out, err = run("script", str(script), "--keys", "1x")
    assert (code, out) == (2, "")
    assert "--keys cannot hold 'x', expected keys out of 0-9 * # A-D" in err


def test_answers_to_notifications_are_checked_for_what_they_are(tmp_path: Path) -> None:
    route, hold = tmp_path / "route.xml", tmp_path / "hold.xml"
    route.write_text("<Response><Route>1000</Route></Response>")
    hold.write_text("<Response><Hold/></Response>")
    assert run("script", str(route), "--check", "--for", "RoutingInterception")[0] == 0
    assert run("script", str(hold), "--check", "--for", "callchanged") == (0, "OK\n", "")
    assert run("script", str(hold), "--check", "--for", "RoutingInterception")[0] == 2
    assert run("script", str(hold), "--check")[0] == 2
    code, _, err = run("script", str(hold), "--for", "callchanged")
    assert (code, "needs --check" in err) == (2, True)
    code, _, err = run("script", str(hold), "--check", "--for", "music")
    assert (code, "expected one of script, CallChanged" in err) == (2, True)
