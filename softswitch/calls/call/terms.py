"""The settings that hold for every call: plain values, complete when built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from softswitch.calls.leg.media_terms import USUAL_RULES, SrtpRules

CountryOf = Callable[[str, str], str]
"The country whose tones a party hears, by its extension and its trunk, one of them empty."


def anywhere(_extension: str, _trunk: str) -> str:
    """The country of every party, where no settings say it."""
    return "us"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerms:
    """Names, bounds and sounds that hold for all calls."""

    domain: str
    "The host of From and To in leg B, and the agent in Warning headers (RFC 3261 section 20.43)."
    calls: int = 2000
    "Calls at a time, those included that the switch begins; an emergency call has no such limit."
    legs_per_call: int = 32
    "Phones that one call may ring, those of forwarded calls included."
    ring_time: float = 60.0
    "Seconds of ringing, where the extension has no time of its own."
    media_timeout: float = 60.0
    "Seconds without a valid packet that end a call."
    hold_timeout: float = 3600.0
    "The same for a side that is on hold."
    srtp: SrtpRules = USUAL_RULES
    "Whether legs are encrypted, where extension or trunk do not say it."
    hold_music: str | None = None
    "An audio file for parties that a command holds, and for a member alone in a conference."
    error_prompt: str | None = None
    "An audio file that callers hear when a script cannot go on."
    country_of: CountryOf = anywhere
