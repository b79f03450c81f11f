"""Passwords: those of the settings, and random ones that stay."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from softswitch.settings.load import ConfigurationError, Settings
from softswitch.settings.passwords import collect, random_password


def settings(tmp_path: Path, **parts: object) -> Settings:
    return Settings(storage={"passwords": tmp_path / "data" / "passwords.json"}, **parts)  # type: ignore[arg-type]


PHONES = [
    {"number": "1000", "type": "phone"},
    {"number": "1001", "type": "phone", "password": "given"},
    {"range": "2000-2001", "type": "phone", "password": "pw{number}"},
    {"number": "600", "type": "echo"},
]


def test_who_has_none_gets_a_random_one_that_stays(tmp_path: Path) -> None:
    first = collect(settings(tmp_path, extensions=PHONES))
    again = collect(settings(tmp_path, extensions=PHONES))
    assert first.random_phones == {"1000"}
    assert again.phones == first.phones
    assert {number: first.phones[number] for number in ("1001", "2000", "2001")} == {
        "1001": "given",
        "2000": "pw2000",
        "2001": "pw2001",
    }
    assert "600" not in first.phones
    assert len(first.phones["1000"].replace("-", "")) == 16


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    passwords = collect(settings(tmp_path, extensions=PHONES))
    assert stat.S_IMODE(passwords.file.stat().st_mode) == 0o600
    assert "given" not in passwords.file.read_text()


def test_without_http_users_there_is_an_admin(tmp_path: Path) -> None:
    passwords = collect(settings(tmp_path))
    assert passwords.random_http == {"admin"}
    named = collect(settings(tmp_path, http={"users": [{"username": "a", "password": "b"}]}))
    assert named.http == {"a": "b"}
    assert named.random_http == frozenset()


def test_a_later_phone_is_added_and_the_others_stay(tmp_path: Path) -> None:
    first = collect(settings(tmp_path, extensions=PHONES[:1]))
    more = collect(settings(tmp_path, extensions=[*PHONES, {"number": "3000", "type": "phone"}]))
    assert more.phones["1000"] == first.phones["1000"]
    assert more.random_phones == {"1000", "3000"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not json", ":1:1: expected JSON, the passwords kept here"),
        ('{\n"phones" 3}', ":2:10: expected JSON, the passwords kept here"),
        ("[]", ": expected the tables phones and http"),
        ('{"phones": 3}', ": expected the tables phones and http"),
    ],
)
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "data" / "passwords.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        collect(settings(tmp_path, extensions=PHONES))
    assert caught.value.lines == (f"{file}{sentence}",)
    assert file.read_text() == text


def test_random_passwords_differ() -> None:
    assert len({random_password() for _ in range(100)}) == 100
