"""What is read of the settings without the models is what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from softswitch.settings.load import load
from softswitch.settings.mistakes import PREFIX
from softswitch.settings.plain import keys, places
from softswitch.settings.plain.keys import PlainSettings
from softswitch.settings.server import StorageSettings
from softswitch.settings.toml import NotToml

FILE = """
[http]
listen = "127.0.0.1:8000"
tls = {tls}
[[http.users]]
username = "admin"
password = "one"
[[http.users]]
username = "eva"
password = "two"
[storage]
url = "sqlite:///{folder}/here/switch.db"
[tls]
certificate = "own.pem"
key = "own.key"
"""
ENVIRONMENTS = [
    {},
    {"SOFTSWITCH_HTTP__LISTEN": "127.0.0.1:9000", "SOFTSWITCH_HTTP__TLS": "true"},
    {"softswitch_storage__url": "sqlite:///there/switch.db"},
    {"SOFTSWITCH_STORAGE": '{"passwords": "elsewhere.json"}', "SOFTSWITCH_HTTP__TLS": "false"},
    {"SOFTSWITCH_HTTP__USERS": '[{"username": "bob", "password": "three"}]'},
    {"SOFTSWITCH_HTTP": '{"tls": true}', "SOFTSWITCH_STORAGE__PASSWORDS": "p.json"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
@pytest.mark.parametrize("tls", ["true", "false"])
def test_what_is_read_plainly_is_what_the_models_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], tls: str
) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(FILE.format(folder=tmp_path, tls=tls))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    models, plain = load(file), PlainSettings.read(file)
    assert plain.text("http", "listen") == ":".join(map(str, models.http.listen))
    assert plain.truth("http", "tls") == models.http.tls
    users = [(each["username"], each["password"]) for each in plain.entries("http", "users")]
    assert users == [(each.username, each.password) for each in models.http.users]
    assert plain.text("storage", "url") == models.storage.url
    kept = places.passwords_file(models.storage.url, plain.path("storage", "passwords"))
    assert kept == models.storage.passwords_file
    assert places.terminal_key_file(kept) == models.storage.terminal_key_file
    assert plain.path("tls", "certificate") == models.tls.certificate
    assert plain.value("sip", "domain") is None


def test_the_defaults_are_those_of_the_models() -> None:
    assert StorageSettings().url == places.DATABASE
    assert keys.PREFIX == PREFIX


@pytest.mark.parametrize("wrong", ["[sip]\ndomain = \n", "[sip\n", '[[extensions]]\nnumber = "1\n'])
def test_a_mistake_elsewhere_leaves_the_rest_readable(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(wrong + FILE.format(folder=tmp_path, tls="true") + wrong)
    plain = PlainSettings.read(file)
    assert plain.text("http", "listen") == "127.0.0.1:8000"
    assert [each["username"] for each in plain.entries("http", "users")] == ["admin", "eva"]


@pytest.mark.parametrize("table", ["[storage]", "[http]", "[[http.users]]", "[tls]"])
def test_a_mistake_in_a_table_that_is_needed_is_told(tmp_path: Path, table: str) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(f"{table}\nurl = \n")
    with pytest.raises(NotToml):
        PlainSettings.read(file)


def test_lists_and_tables_that_are_none_are_empty() -> None:
    plain = PlainSettings({"http": {"users": "nobody"}, "tls": []}, {"SOFTSWITCH_SIP": "{"})
    assert list(plain.entries("http", "users")) == []
    assert plain.path("tls", "certificate") is None
    assert plain.value("sip", "domain") is None
    assert json.dumps(plain.text("http", "listen", "x")) == '"x"'
