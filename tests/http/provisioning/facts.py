"""Facts of a phone as tests give them to templates."""

from __future__ import annotations

from typing import Any

from softswitch.http.provisioning.facts import KeyFacts, PhoneFacts
from softswitch.http.provisioning.makers import BY_NAME
from softswitch.http.provisioning.templates import Templates
from softswitch.http.provisioning.timezones import timezone

URL = "https://pbx.example.org/provisioning/1000/s3cret/"
USUAL: dict[str, Any] = {
    "number": "1000",
    "name": "Reception",
    "user": "1000",
    "password": "p4ss",
    "domain": "pbx.example.org",
    "server": "pbx.example.org",
    "port": 5061,
    "host_port": "pbx.example.org:5061",
    "transport": "tls",
    "proxy": False,
    "srtp": "required",
    "codecs": ("G722", "PCMA", "PCMU", "opus"),
    "dtmf": "event",
    "voicemail": "*97",
    "pickup": "**",
    "keys": (KeyFacts("blf", "1001", "Anna"), KeyFacts("speed-dial", "0123", "Home")),
    "lamp_list": "",
    "listed": (),
    "timezone": timezone("Europe/Berlin"),
    "language": "de",
    "expires": 1800,
    "mac": "805ec0123456",
    "url": URL,
}
"A phone with everything."
BARE: dict[str, Any] = {
    "keys": (),
    "voicemail": "",
    "pickup": "",
    "srtp": "off",
    "transport": "udp",
    "port": 5060,
    "host_port": "pbx.example.org:5060",
    "mac": "",
    "timezone": timezone("UTC"),
    "language": "xx",
}
"What is different for one with nothing."


TEMPLATES = Templates()


def facts(**changes: Any) -> PhoneFacts:
    """A phone with everything, but for the changes."""
    return PhoneFacts(**{**USUAL, **changes})


def written(maker: str, **changes: Any) -> str:
    """The file of a maker's phone."""
    return TEMPLATES.write(BY_NAME[maker].template, facts(**changes)).text
