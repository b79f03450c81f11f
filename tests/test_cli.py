"""The command line: exit codes, and one line for every mistake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from softswitch.cli import app, what_to_type
from softswitch.config import Settings
from softswitch.passwords import collect

ROOT = Path(__file__).parents[1]
THREE_MISTAKES = """
[sip]
listen = ["udp:127.0.0.1"]
[media]
ports = "none"
[[extensions]]
number = "1000"
type = "telephone"
"""


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


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
    assert "by hand" not in card


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
