"""The settings of phones that fetch their configuration themselves: [provisioning]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from softswitch.settings.values import Network, Section, read_zone


class ProvisioningSettings(Section):
    """Where phones may fetch their files, and what these say to all phones."""

    enabled: bool = True
    "Whether phones may fetch files at all."
    insecure: bool = False
    """Whether they may without HTTPS, so that everybody on the way reads the passwords; without it,
    only from this machine, as a proxy that speaks HTTPS does."""
    networks: tuple[Network, ...] = ()
    "Networks that phones may fetch from; without any, all."
    templates: Path | None = None
    "A folder of templates of one's own, which count before those of the program."
    server: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] | None = None
    """The host that phones register at; without the key, the address that SIP listens on, or
    `sip.domain`, `sip.advertise` or this machine's address where that is a wildcard."""
    transport: Literal["udp", "tcp", "tls"] | None = None
    "How phones register, one of those in `sip.listen`; without the key tls, else udp, else tcp."
    timezone: Annotated[str, AfterValidator(read_zone)] = "UTC"
    "The time zone of phones' clocks, such as Europe/Berlin."
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    "The language of phones' menus, in two letters."
    voicemail: Annotated[str, Field(pattern=r"^[0-9A-Za-z*#+._-]{0,64}$")] = ""
    """The number that a phone's message key dials; without the key, the code `voicemail` where the
    extension has a mailbox."""
    expires: Annotated[int, Field(ge=60, le=86_400)] = 3600
    "Seconds that phones register for."
