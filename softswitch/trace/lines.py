"""The lines of a timeline: SIP messages as they were on the wire, and all else that happened."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from softswitch.sip.effects import Flow

Fact = str | int | float | None
"What a line says by name."

NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


class LineKind(StrEnum):
    """What a line is about."""

    SIP = "sip"
    STATE = "state"
    "The call has entered a state."
    SCRIPT = "script"
    "A script has started, ended, or runs a command."
    KEY = "key"
    "A party has pressed a key."
    SOUND = "sound"
    "Something was spoken, played or recorded."
    APPLICATION = "application"
    "A web application was asked."
    MEDIA = "media"
    "How a party sounds."
    DIAGNOSIS = "diagnosis"
    "What was wrong with the sound of a party, as one sentence."
    END = "end"
    "Who has ended it, and why."
    NOTE = "note"
    "Any other step."


class TraceLine(NamedTuple):
    """Something that happened, but a SIP message."""

    at: float
    "Unix time in seconds."
    kind: str
    "One of `LineKind`."
    what: str
    party: str = ""
    "The number that it concerns; empty for the whole."
    direction: str = ""
    "`in` for what came, `out` for what was sent."
    facts: Mapping[str, Fact] = NO_FACTS


class SipMessage(NamedTuple):
    """A SIP message, as it was on the wire."""

    at: float
    "Unix time in seconds."
    is_sent: bool
    flow: Flow
    octets: bytes


AnyLine = TraceLine | SipMessage
