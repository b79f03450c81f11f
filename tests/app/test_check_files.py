"""What an entry of the settings names on disk, looked at when it is added while the switch runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from softswitch.app.check_files import entry_mistakes
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.extensions.echo import EchoExtension
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import Settings

NOWHERE = Path("nowhere/at/all.wav")
TRUNK = {"name": "t", "host": "127.0.0.1"}


@pytest.mark.parametrize(
    ("entry", "key", "wrong"),
    [
        (TrunkSettings(**TRUNK, ringback=NOWHERE), "ringback", "cannot be read"),
        (TrunkSettings(**TRUNK, transport="tls", ca=NOWHERE), "ca", str(NOWHERE)),
        (PhoneExtension(number="1000", ringback=NOWHERE), "ringback", "cannot be read"),
        (PhoneExtension(number="1000", model="nonsense"), "model", "expected one of"),
    ],
    ids=["ringback of a trunk", "authority of a trunk", "ringback of a phone", "model of a phone"],
)
def test_what_is_not_there_is_named(entry: BaseModel, key: str, wrong: str) -> None:
    [(named, sentence)] = entry_mistakes(entry, Settings())
    assert named == key
    assert wrong in sentence


@pytest.mark.parametrize(
    "entry",
    [
        PhoneExtension(number="1000", model="yealink"),
        TrunkSettings(**TRUNK),
        EchoExtension(number="600", type="echo"),
    ],
    ids=["phone", "trunk", "echo"],
)
def test_what_is_there_is_taken(entry: BaseModel) -> None:
    assert list(entry_mistakes(entry, Settings())) == []
