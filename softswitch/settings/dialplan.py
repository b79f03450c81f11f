"""The tables that say who is there and where numbers lead: extensions, trunks, routes and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from softswitch.settings.values import (
    Count,
    Network,
    Number,
    Seconds,
    Secret,
    Section,
    Url,
    read_distinct,
    read_secret,
    split_host_port,
)


class _Numbered(Section):
    """What every extension has: a number or a block of numbers."""

    number: Number | None = None
    range: str | None = None
    "A block such as `2000-2999`; `{number}` in name and password stands for each of them."
    name: Annotated[str, Field(max_length=128)] | None = None
    "What the other party's phone shows."

    @field_validator("range")
    @classmethod
    def _block(cls, value: str | None) -> str | None:
        if value is None:
            return None
        match = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,15})", value, re.ASCII)
        if match is None or len(match[1]) != len(match[2]) or int(match[1]) > int(match[2]):
            raise ValueError('expected "FIRST-LAST" with equally many digits, such as 2000-2999')
        if int(match[2]) - int(match[1]) >= 100_000:
            raise ValueError("expected at most 100000 numbers")
        return value

    @model_validator(mode="after")
    def _number_or_range(self) -> Self:
        if (self.number is None) == (self.range is None):
            raise ValueError("expected number or range, one of them")
        return self

    def numbers(self) -> Iterator[str]:
        """All numbers of this entry."""
        if self.number is not None:
            yield self.number
        elif self.range is not None:
            first, last = self.range.split("-")
            for value in range(int(first), int(last) + 1):
                yield f"{value:0{len(first)}d}"


class PhoneExtension(Secret, _Numbered):
    """A phone that registers with digest and calls."""

    type: Literal["phone"] = "phone"
    ring_time: Seconds | None = None
    "Seconds that it rings; without the key, `sip.ring_time`."
    max_contacts: Count | None = None
    "Contacts at a time; without the key, `sip.max_contacts`."
    dtmf: Literal["auto", "event", "info", "inband"] = "auto"
    """How keys are sent to it: RFC 4733 events where it takes them and else as sound, or always
    one way; `info` is SIP INFO."""


class ApiExtension(_Numbered):
    """A number whose calls are handed to a web application."""

    type: Literal["api"]
    url: Url
    "Where IncomingCall is posted."


class IvrExtension(_Numbered):
    """A number that is answered by an OzML script."""

    type: Literal["ivr"]
    script: Path | None = None
    "A script on disk,"
    url: Url | None = None
    "or one that is fetched for every call."

    @model_validator(mode="after")
    def _script_or_url(self) -> Self:
        if (self.script is None) == (self.url is None):
            raise ValueError("expected script or url, one of them")
        return self


class EchoExtension(_Numbered):
    """A number that plays back what it hears."""

    type: Literal["echo"]


class GroupExtension(_Numbered):
    """A number that rings other extensions."""

    type: Literal["group"]
    members: Annotated[tuple[Number, ...], AfterValidator(read_distinct)]
    strategy: Literal["all", "in-turn"] = "all"
    ring_time: Seconds | None = None
    "Seconds that it rings, for `in-turn` each member; without the key, `sip.ring_time`."


class ConferenceExtension(_Numbered):
    """A number whose callers hear each other; each number of a block is a room of its own."""

    type: Literal["conference"]
    pin: str | None = Field(default=None, repr=False)
    "Keys that callers have to press, 1 to 16 digits; without it everybody is let in."
    pin_file: Path | None = None
    "A file whose first line is the PIN."
    pin_prompt: Path | None = None
    "An audio file that asks for the PIN; without it, a beep."
    max_members: Count | None = None
    "Members at a time; more are busy."
    music: Path | None = None
    "What is heard by who is alone; without it, `media.hold_music`."
    announce: bool = False
    "Whether all hear a beep when somebody comes or leaves."
    mute_key: Annotated[str, Field(pattern=r"^[0-9*#]{1,4}$")] | None = None
    "Keys with which members mute themselves and end it; without it, nobody can."
    mute_keys: bool = True
    "Whether the sound of keys that a member presses is kept from the others."

    @model_validator(mode="after")
    def _read_pin(self) -> Self:
        pin = read_secret("pin", self.pin, self.pin_file)
        if pin is not None and re.fullmatch(r"[0-9]{1,16}", pin, re.ASCII) is None:
            raise ValueError("expected a pin of 1 to 16 digits")
        object.__setattr__(self, "pin", pin)
        return self


AnyExtension = (
    PhoneExtension
    | ApiExtension
    | IvrExtension
    | EchoExtension
    | GroupExtension
    | ConferenceExtension
)
Extension = Annotated[AnyExtension, Field(discriminator="type")]


class TrunkSettings(Secret):
    """A provider or another switch."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    host: str
    "Where its requests go, HOST or HOST:PORT."
    transport: Literal["udp", "tcp"] = "udp"
    username: str | None = None
    "For digest challenges; without it, challenges of this trunk are not answered."
    domain: str | None = None
    "What From and the Request-URI carry; without the key, the host."
    realm: str | None = None
    "Whose challenges are answered, and nobody else's; without the key, the domain."
    caller_number: str | None = None
    """What From says of who calls, `*` standing for the caller's number: `+4930123*`. Without the
    key it is the username, and `*` where there is none."""
    register_contact: Annotated[bool, Field(alias="register")] = False
    "Whether we register with it."
    expires: Count = 3600
    "Seconds that we ask for when we register."
    networks: tuple[Network, ...] = ()
    "Sources whose calls are taken as this trunk's without a password."
    calls: Count | None = None
    "Calls at a time, both ways, above which calls out take the next route; None is no bound."
    keep_alive: Annotated[float, Field(ge=0)] = 30
    "Seconds between two OPTIONS, which tell whether it can be reached; 0 is off."

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.register_contact and not (self.username and self.password):
            raise ValueError("expected username and password to register with")
        return self

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        split_host_port(value, default_port=5060)
        return value

    @property
    def address(self) -> tuple[str, int | None]:
        """Host and port; no port where the file has none, so that DNS may name it."""
        host, port = split_host_port(self.host, default_port=0)
        return host, port or None


class RouteSettings(Section):
    """Where a dialled number goes when it is no extension."""

    number: Annotated[str, Field(min_length=1, max_length=64)]
    "The dialled number; `*` at its end stands for any rest, `?` for one character."
    to: Annotated[str, Field(pattern=r"^(trunk|extension):.+$")]
    """`trunk:NAME` or `extension:NUMBER`; `extension:*` is the one whose number remains. Several
    routes of a number are tried in turn when a trunk cannot be reached."""
    strip: Annotated[int, Field(ge=0)] = 0
    "Leading characters that are removed before dialling."
    prefix: str = ""
    "What is put in front then."
    extensions: tuple[Number, ...] = ()
    "Who may use it; empty is every extension."

    @field_validator("number")
    @classmethod
    def _star_at_the_end(cls, value: str) -> str:
        if "*" in value[:-1]:
            raise ValueError("expected * only at the end, for any rest; ? stands for one character")
        return value


class AddressbookContact(Section):
    """One entry of an address book."""

    name: str
    phone: Number | None = None
    email: str | None = None


class Addressbook(Section):
    """A list of contacts that commands and scripts may look up."""

    name: str
    contacts: tuple[AddressbookContact, ...] = ()
