"""`serve` and `check`: exit codes, and one line for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import ROOT, run

THREE_MISTAKES = """
[sip]
listen = ["udp:127.0.0.1"]
[media]
ports = "none"
[[extensions]]
number = "1000"
type = "telephone"
"""


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
        keys = ("sip.listen #1", "media.ports", "extensions #1 (number 1000)")
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
        "extensions #1.script (number 600): menu.xml:3:3: "
        "<Paly> is not a command, did you mean <Play>?",
        "extensions #1.script (number 600): menu.xml:4:3: "
        "Beep: Frequency cannot be 'high', expected a whole number from 100 to 3800",
        f"extensions #2.script (number 601): none.xml {missing} an OzML script",
        f"extensions #4.music (range 3000-3009): room.ogg {missing} an audio file",
        f"extensions #4.pin_prompt (range 3000-3009): pin.ogg {missing} an audio file",
    ]


ALL_AT_ONCE = """
[sip]
ring_tme = 3
[media]
hold_music = "none.ogg"
[http]
listen = "here"
[[routes]]
number = "0*"
to = "trunk:carrier"
"""
ONE_IS_WRONG = """
[[extensions]]
number = "600"
type = "ivr"
[[extensions]]
number = "601"
type = "ivr"
script = "none.xml"
"""


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (
            ALL_AT_ONCE,
            ["sip.ring_tme", "http.listen", "routes #1.to (number 0*)", "media.hold_music"],
        ),
        (ONE_IS_WRONG, ["extensions #1 (number 600)", "extensions #2.script (number 601)"]),
    ],
)
def test_all_mistakes_are_found_in_one_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, keys: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("switch.toml").write_text(settings)
    code, _, err = run("check", "--config", "switch.toml")
    assert code == 2
    found = [line.removeprefix("switch.toml: ").partition(": ")[0] for line in err.splitlines()]
    assert found == keys


def test_what_a_script_can_run_without_is_a_mistake_for_check_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    extension = '[[extensions]]\nnumber = "600"\ntype = "ivr"\nscript = "menu.xml"\n'
    nowhere = '[storage]\nurl = "sqlite:////dev/null/none.db"\n'
    Path("menu.xml").write_text("<Response><UserInput ExecuteSQL='select'/></Response>")
    for command, strict, is_told in (
        ("check", False, True),
        ("serve", False, False),
        ("serve", True, True),
    ):
        table = "[ozml]\nstrict = true\n" if strict else ""
        Path("switch.toml").write_text(nowhere + table + extension)
        code, _, err = run(command, "--config", "switch.toml")
        assert code == 2
        assert ("unknown parameter 'ExecuteSQL'" in err) is is_told


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


def test_a_certificate_that_cannot_be_used_is_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "switch.toml"
    file.write_text(f'[tls]\ncertificate = "{file}"\nkey = "{tmp_path}/none.key"\n')
    for command in ("check", "serve"):
        code, _, err = run(command, "--config", str(file))
        assert code == 2
        assert err == f"{file}: tls.certificate: {file}: expected a certificate in PEM\n"


def test_templates_and_models_of_phones_are_looked_at(tmp_path: Path) -> None:
    folder, file = tmp_path / "phones", tmp_path / "switch.toml"
    folder.mkdir()
    (folder / "lobby.cfg").write_text("a = {{ number }}\n")
    (folder / "hall.xml").write_text("<a>{% if %}</a>\n")
    phones = "".join(
        f'[[extensions]]\nnumber = "{number}"\ntype = "phone"\nmodel = "{model}"\n'
        for number, model in (("1000", "yealink"), ("1001", "lobby"), ("1002", "nokia"))
    )
    file.write_text(f'[provisioning]\ntemplates = "{folder}"\n{phones}')
    code, _, err = run("check", "--config", str(file))
    first, second = err.splitlines()
    assert code == 2
    assert first.startswith(f"{file}: provisioning.templates: {folder / 'hall.xml'}:1: ")
    assert second == (
        f"{file}: extensions #3.model (number 1002): expected one of yealink, grandstream, snom, "
        "fanvil, cisco-spa, linphone, zoiper, or a template in provisioning.templates, not 'nokia'"
    )
    file.write_text('[provisioning]\ntemplates = "nowhere"\n')
    assert run("check", "--config", str(file))[2] == (
        f"{file}: provisioning.templates: nowhere is not there, expected a directory\n"
    )
