"""Extensions for tests, made as the application makes them from the settings."""

from __future__ import annotations

from typing import Any

from softswitch.calls.kinds import extension_of
from softswitch.calls.kinds.conference import CONFERENCE
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.kinds.phone import PHONE
from softswitch.calls.numbers.extension import Extension, ExtensionKind


def extension(number: str, kind: ExtensionKind = PHONE, **settings: Any) -> Extension:
    """The extension of an entry with these keys."""
    return extension_of(kind.settings(number=number, type=kind.name, **settings))


def conference(number: str = "3000", **settings: Any) -> Extension:
    """A conference."""
    return extension(number, CONFERENCE, **settings)


def ivr(number: str) -> Extension:
    """An extension whose script is fetched."""
    return extension(number, IVR, url="http://app.example/script")
