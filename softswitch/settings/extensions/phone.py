"""The settings of a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from softswitch.settings.dialplan.patterns import Numbers
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.extensions.provisioned import ProvisionedPhone
from softswitch.settings.features import CallCode, FeatureSettings, MailboxSettings
from softswitch.settings.srtp import SrtpChoice
from softswitch.settings.values import (
    Count,
    Country,
    DigestList,
    Number,
    Seconds,
    Secret,
    read_line,
)


class PhoneExtension(
    Secret, SrtpChoice, FeatureSettings, MailboxSettings, ProvisionedPhone, ExtensionSettings
):
    """A phone that registers with digest and calls."""

    type: Literal["phone"] = "phone"
    digest: DigestList | None = None
    "Algorithms that it is challenged with, in this order; without the key, `sip.digest`."
    ring_time: Seconds | None = None
    "Seconds that it rings; without the key, `sip.ring_time`."
    identities: tuple[Number, ...] = ()
    """Other numbers that it may show as its own, by P-Preferred-Identity (RFC 3325): the direct
    number, that of the company."""
    pickup_groups: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()
    """Names of groups whose phones may pick up each other's calls while they ring, by a code of
    `[codes]` or the lamp's key; without any, nobody else may."""
    intercom: bool = False
    "Whether it may call phones that are to answer by themselves, by `codes.intercom`."
    supervises: tuple[Numbers, ...] = ()
    """The extensions whose calls it may listen to, and take part in: numbers, ranges and patterns;
    the number of a group or a queue stands for those whom it rings. Default: none."""
    supervision_beep: bool = False
    "Whether both parties of its calls hear a tone every 15 seconds while somebody supervises them."
    call_codes: tuple[CallCode, ...] = ()
    "What it may do by keys while it talks; `[call_codes]` says which keys."
    max_contacts: Count | None = None
    "Contacts at a time; without the key, `sip.max_contacts`."
    ringback: Path | None = None
    """An audio file that callers hear again and again while it rings; without the key, the tone of
    their own phone."""
    country: Country | None = None
    "Whose tones it hears; without the key, those of `media.country`."
    dtmf: Literal["auto", "event", "info", "inband"] = "auto"
    """How keys are sent to it: RFC 4733 events where it takes them and else as sound, or always
    one way; `info` is SIP INFO."""
    rights: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    """The classes of numbers that it may dial, and `internal` for other extensions; without the
    key, those of `dialling.rights`. Emergency numbers need no right."""
    location: Annotated[str, Field(max_length=256), AfterValidator(read_line)] | None = None
    "Where it is, as emergency services are told; without the key, `emergency.location`."
    callback: Number | None = None
    """The number that emergency services call back to reach it; without the key,
    `emergency.callback`."""

    def named_sounds(self) -> dict[str, Path | None]:
        """What callers hear while it rings, and of its mailbox."""
        return {"ringback": self.ringback, "mailbox_greeting": self.mailbox_greeting}
