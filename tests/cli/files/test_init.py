"""`softswitch init`, and the shipped settings where there is no file."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from softswitch.app.reading import read_settings
from softswitch.shipped.files import DEFAULTS, FOLDER
from tests.cli.commands import ROOT, run

WRITTEN = [
    "config/scripts/ozml.xsd",
    "config/scripts/welcome.xml",
    "config/softswitch.toml",
    "config/static/hold.ogg",
]


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_the_defaults_listen_to_this_machine_alone_and_hold_no_password() -> None:
    settings = read_settings(DEFAULTS, strict=True)
    hosts = [*(each.host for each in settings.sip.listen), settings.http.listen[0]]
    assert all(ipaddress.ip_address(host).is_loopback for host in hosts)
    assert settings.media.address == "127.0.0.1"
    assert not any(line.startswith("password") for line in DEFAULTS.read_text().splitlines())


def test_the_defaults_have_the_phones_of_the_settings_file() -> None:
    ours, written = (read_settings(file) for file in (DEFAULTS, ROOT / "config/softswitch.toml"))
    assert ours.extensions == written.extensions


def test_the_music_of_the_defaults_is_there_wherever_the_switch_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(DEFAULTS).media.hold_music == FOLDER / "hold.ogg"


def test_init_writes_the_file_with_every_key_and_what_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, errors = run("init")
    assert (code, errors) == (0, "")
    assert out.splitlines()[:4] == [
        "config/softswitch.toml",
        "config/static/hold.ogg",
        "config/scripts/welcome.xml",
        "config/scripts/ozml.xsd",
    ]
    assert files(tmp_path) == WRITTEN
    shipped = (ROOT / "config/softswitch.toml").read_bytes()
    assert Path("config/softswitch.toml").read_bytes() == shipped
    assert 'noNamespaceSchemaLocation="ozml.xsd"' in Path("config/scripts/welcome.xml").read_text()
    assert run("check") == (0, "OK\n", "")


@pytest.mark.parametrize("present", WRITTEN)
def test_init_overwrites_nothing_and_writes_nothing_then(tmp_path: Path, present: str) -> None:
    kept = tmp_path / "pbx" / present
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    code, out, errors = run("init", str(tmp_path / "pbx"))
    assert (code, out) == (1, "")
    assert errors == f"softswitch init: {kept}: already there; nothing was written\n"
    assert files(tmp_path) == [f"pbx/{present}"]
    assert kept.read_text() == "mine"


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "pbx").write_text("a file")
    code, out, errors = run("init", str(tmp_path / "pbx"))
    assert (code, out) == (1, "")
    assert errors == f"softswitch init: {tmp_path / 'pbx/config'}: Not a directory\n"


def test_a_file_that_is_named_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("check") == (0, "OK\n", "")
    code, _, errors = run("check", "--config", "config/softswitch.toml")
    assert code == 2
    assert errors.startswith("config/softswitch.toml: cannot be read: ")
