"""[provisioning] and the files of phones: what is read, and the sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import ConfigurationError, load

PHONE = '[[extensions]]\nnumber = "1000"\ntype = "phone"\n'


def mistakes(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "switch.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load(file)
    return [line.removeprefix(f"{file}: ") for line in raised.value.lines]


@pytest.mark.parametrize("mac", ["80:5E:C0:12:34:56", "80-5e-c0-12-34-56", "805e.c012.3456"])
def test_addresses_are_read_as_people_write_them(tmp_path: Path, mac: str) -> None:
    file = tmp_path / "switch.toml"
    file.write_text(f'{PHONE}mac = "{mac}"\nkeys = [{{ number = "1001" }}]\n')
    (phone,) = load(file).extensions
    assert isinstance(phone, PhoneExtension)
    assert phone.mac == "805ec0123456"
    assert [(key.type, key.number, key.label) for key in phone.keys] == [("blf", "1001", "")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            '[provisioning]\ntimezone = "Berlin"',
            "provisioning.timezone: expected a time zone such as Europe/Berlin, not 'Berlin'",
        ),
        (
            '[provisioning]\ntimezone = "../../etc/passwd"',
            "provisioning.timezone: expected a time zone such as Europe/Berlin, "
            "not '../../etc/passwd'",
        ),
        (
            '[provisioning]\nnetworks = ["home"]',
            "provisioning.networks #1: expected an address or network such as 10.0.0.0/8, "
            "not 'home'",
        ),
        (
            f'{PHONE}mac = "80:5e:c0"',
            "extensions #1.mac (number 1000): expected twelve hexadecimal digits, not '80:5e:c0'",
        ),
        (
            f'{PHONE}keys = [{{ type = "lamp", number = "1001" }}]',
            "extensions #1.keys #1.type (number 1001): expected 'blf' or 'speed-dial'",
        ),
        (
            f"{PHONE}keys = [{{}}]",
            "extensions #1.keys #1.number (number 1000): missing, expected a",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, wrong: str) -> None:
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(wrong)
