"""The tables that say how text messages come and go: connections, their routes, the bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from softswitch.settings.tls import TlsFiles
from softswitch.settings.values import (
    Count,
    Network,
    Seconds,
    Secret,
    Section,
    Url,
    read_host_port,
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Listen = Annotated[tuple[str, int], BeforeValidator(read_host_port)]
Alphabet = Literal["gsm7", "latin-1", "ascii"]

BUILT_IN = ("sip", "admin")
"Connections that exist without an entry."


class _ConnectionSettings(Section):
    """What every kind of connection has."""

    name: Name
    "Scripts write it as `name@localhost`."
    user: str | None = None
    "The user whose inbox gets incoming messages; without the key, `messages.user`."


class SmppConnectionSettings(Secret, _ConnectionSettings):
    """An SMS centre, spoken to in SMPP 3.4 as a transceiver."""

    type: Literal["smpp"]
    host: str
    port: Port = 2775
    system_id: Annotated[str, Field(min_length=1, max_length=15)]
    "The account at the centre."
    system_type: Annotated[str, Field(max_length=12)] = ""
    source: Annotated[str, Field(max_length=20)] = ""
    "The number that recipients see, where a message names none."
    window: Annotated[int, Field(ge=1, le=1000)] = 10
    "Requests that may be without an answer at a time."
    rate: Annotated[float, Field(gt=0)] | None = None
    "Most parts a second; without the key, as fast as the centre answers."
    enquire_interval: Seconds = 30
    "Seconds without traffic until we ask whether the centre is there."
    response_timeout: Seconds = 10
    "Seconds that an answer may take; then the connection counts as dead."
    alphabet: Alphabet = "gsm7"
    "What the centre means by data coding 0."
    latin1: bool = False
    "Whether texts outside the alphabet may go as Latin-1 before UCS-2 is taken."
    long_messages: Literal["udh", "payload"] = "udh"
    "How texts above one SMS go: as parts with a header, or as one message_payload."
    tls: bool = False
    ca_file: Path | None = None
    "The authorities that may sign the centre's certificate; without the key, those of the system."
    resend_unanswered: bool = True
    """Whether a message without an answer when the connection broke is sent again: at least once;
    false gives it up, at most once."""

    @model_validator(mode="after")
    def _needs_password(self) -> Self:
        if self.password is None:
            raise ValueError("expected password or password_file")
        return self

    @field_validator("password")
    @classmethod
    def _short(cls, value: str | None) -> str | None:
        if value is not None and len(value) > 8:
            raise ValueError("expected at most 8 characters, which SMPP 3.4 allows")
        return value


class SmppAccountSettings(Secret):
    """Another system that binds to us."""

    system_id: Annotated[str, Field(min_length=1, max_length=15)]
    numbers: tuple[str, ...] = ()
    "Recipients whose messages it gets; `*` stands for any rest."

    @model_validator(mode="after")
    def _needs_password(self) -> Self:
        if self.password is None:
            raise ValueError("expected password or password_file")
        return self


class SmppServerSettings(TlsFiles, _ConnectionSettings):
    """An SMS centre that we are: accounts bind to us, send, and get what is for them."""

    type: Literal["smpp-server"]
    listen: Listen = ("127.0.0.1", 2775)
    accounts: tuple[SmppAccountSettings, ...] = ()
    window: Annotated[int, Field(ge=1, le=1000)] = 100
    "Requests of one session that may be without an answer; more are refused as throttled."
    sessions: Count = 100
    "Sessions at a time."
    enquire_interval: Seconds = 30
    response_timeout: Seconds = 10
    alphabet: Alphabet = "gsm7"


class EmailConnectionSettings(Secret, _ConnectionSettings):
    """A mail server that takes our mails, and a listener that takes those for us."""

    type: Literal["email"]
    host: str
    port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    username: str | None = None
    sender: Annotated[str, Field(pattern=r"^[^\s@<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,255}$")]
    "The address that recipients see, where a message names none."
    listen: Listen | None = None
    "The address that takes incoming mails; without the key, none."
    protocol: Literal["lmtp", "smtp"] = "lmtp"
    "The protocol there."
    domains: tuple[str, ...] = ()
    "Domains whose mails we take; without any, that of `sender`."
    networks: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    "Sources that may bring them."

    @model_validator(mode="after")
    def _login(self) -> Self:
        if self.username is not None and self.password is None:
            raise ValueError("expected password or password_file beside username")
        return self


class HttpConnectionSettings(Secret, _ConnectionSettings):
    """A web application: messages are posted to it as JSON, and it posts the same to us."""

    type: Literal["http"]
    url: Url
    'Gets `{"messages": […]}`; a 2xx takes them.'
    username: str | None = None
    "For HTTP Basic; what the HTTP user of the same name sends to us arrives here."


class FolderConnectionSettings(_ConnectionSettings):
    """Files: one message a file, in JSON."""

    type: Literal["folder"]
    outgoing: Path | None = None
    "Where messages to this connection are written."
    incoming: Path | None = None
    "Where files are taken from; they are moved to `done` below it."
    interval: Seconds = 1
    "Seconds between two looks at it."

    @model_validator(mode="after")
    def _any(self) -> Self:
        if self.outgoing is None and self.incoming is None:
            raise ValueError("expected outgoing, incoming or both")
        return self


Connection = Annotated[
    SmppConnectionSettings
    | SmppServerSettings
    | EmailConnectionSettings
    | HttpConnectionSettings
    | FolderConnectionSettings,
    Field(discriminator="type"),
]


class MessageRouteSettings(Section):
    """Which connections carry a message; the first route that fits decides."""

    to: Annotated[str, Field(min_length=1)] = "*"
    "The recipient; `*` stands for any rest, `?` for one character."
    sender: Annotated[str, Field(min_length=1)] = "*"
    "The sender, in the same way."
    source: str | None = None
    "The connection that it came by; `api` for commands and scripts; without the key, any."
    kind: Literal["sms", "email"] | None = None
    connections: Annotated[tuple[Name, ...], Field(min_length=1)]
    "The first that takes it carries it."


class MessageSettings(Section):
    """Bounds of messages."""

    user: str | None = None
    "The user whose inbox gets incoming messages; without the key, the first HTTP user."
    valid_for: Seconds = 172_800
    "Seconds that a message is tried, where it does not say itself."
    retry_first: Seconds = 5
    "Seconds until the second attempt; each further wait doubles …"
    retry_last: Seconds = 600
    "… up to so many."
    keep_days: Annotated[float, Field(gt=0)] = 90
    "Days that messages are kept in the folders."
    reserve: Annotated[int, Field(ge=0)] = 50
    "Megabytes of free disk below which no message is accepted."
