"""Mailboxes of the settings: what `softswitch check` says of those that cannot work."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.settings.load import ConfigurationError, load

BOX = "[[extensions]]\nnumber = '8000'\ntype = 'voicemail'\n"


def phone(*keys: str) -> str:
    return "\n".join(["[[extensions]]", "number = '1'", "type = 'phone'", *keys, ""])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            phone("mailbox = true"),
            'extensions #1.mailbox (number 1): expected an extension of type "voicemail", which'
            " takes the messages",
        ),
        (
            phone("mailbox_pin = '2468'") + BOX,
            "extensions #1 (number 1): expected mailbox = true beside the other keys of the"
            " mailbox",
        ),
        (
            phone("mailbox = true", "mailbox_pin = '24a8'") + BOX,
            "extensions #1 (number 1): expected a mailbox_pin of 4 to 16 digits",
        ),
        (
            phone("mailbox = true", "mailbox_email = 'ben@example.org'") + BOX,
            "extensions #1.mailbox_email (number 1): expected voicemail.mail_by beside it",
        ),
        (
            "[voicemail]\nmail_by = 'post'",
            "voicemail.mail_by: expected a connection of type email, not 'post'",
        ),
        ("[voicemail]\nlongest = 0", "voicemail.longest: expected more than 0"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert any(line in found for found in caught.value.lines), caught.value.lines


def test_a_mailbox_that_works(tmp_path: Path) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(phone("mailbox = true", "mailbox_pin = '2468'") + BOX)
    assert "2468" not in repr(load(file))
