"""Emergency numbers: they pass whatever rights, budgets and limits say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class EmergencyCall(NamedTuple):
    """What a trunk and the operator are told of an emergency call."""

    number: str
    "The emergency number."
    callback: str = ""
    "The number under which the caller is reached; empty for the usual one."
    location: str = ""
    "Where the caller is, as a text; empty when nobody has said it."


@dataclass(frozen=True, slots=True)
class EmergencyTerms:
    """What the settings say of emergency calls."""

    numbers: frozenset[str] = frozenset()
    trunks: tuple[str, ...] = ()
    "The ways out, in order."
    callback: str = ""
    location: str = ""
    "Of extensions that have none of their own."
