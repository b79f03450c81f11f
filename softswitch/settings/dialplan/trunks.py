"""[[trunks]]: providers and other switches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from softswitch.settings.srtp import SrtpChoice
from softswitch.settings.tls import TlsFiles
from softswitch.settings.values import (
    Count,
    Country,
    DigestList,
    Line,
    Network,
    Seconds,
    Secret,
    is_ip,
    split_host_port,
)


class TrunkSettings(TlsFiles, Secret, SrtpChoice):
    """A provider or another switch.

    Its certificate and key are what we show it, where it asks for them; without, those of [tls].
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    host: str
    "Where its requests go, HOST or HOST:PORT."
    transport: Literal["udp", "tcp", "tls"] | None = None
    """Without the key, DNS names it (RFC 3263): NAPTR, then SRV records of those that we listen on;
    UDP where these name none, or where the host has a port or is an address."""
    ca: Path | None = None
    "PEM file of the authorities that may sign its certificate; without the key, those of [tls]."
    wildcards: bool = False
    "Whether a certificate for `*.example.net` is good for the host `sip.example.net`."
    mutual_tls: bool = False
    """Whether its calls must come over TLS with its certificate, besides ours to it: what says that
    it is this trunk by its source or by our contact, and shows none, is refused with 403."""
    username: Line | None = None
    "For digest challenges; without it, challenges of this trunk are not answered."
    domain: Line | None = None
    "What From and the Request-URI carry; without the key, the host."
    realm: Line | None = None
    "The only realm whose challenges are answered; without the key, the domain."
    digest: DigestList | None = None
    "Algorithms of challenges that are answered; without the key, every one that we know."
    caller_number: Line | None = None
    """What From says about the caller, `*` standing for the caller's number: `+4930123*`.
    Without the key it is the username, and `*` where there is none."""
    register_contact: Annotated[bool, Field(alias="register")] = False
    "Whether we register with it."
    expires: Count = 3600
    "Seconds that we ask for when we register."
    proxy: str | None = None
    """The outbound proxy that its requests go to, HOST or HOST:PORT, by the same transport; without
    the key, they go to `host`."""
    ringback: Path | None = None
    """An audio file that its callers hear while a phone of ours rings, unless the extension has one
    of its own; without the key, what the far end plays."""
    country: Country | None = None
    "Whose tones its callers hear; without the key, those of `media.country`."
    trusted: bool = False
    """Whether its P-Asserted-Identity says who calls, and whether it is told the caller's in turn
    (RFC 3325), also of one that hides itself."""
    diversions: bool = True
    "Whether Diversion and History-Info tell it which numbers a call was sent on from."
    networks: tuple[Network, ...] = ()
    "Sources whose calls are taken as this trunk's without a password."
    calls: Count | None = None
    "Calls at a time, both ways, above which calls out take the next route; None is no bound."
    timeout: Seconds = 4
    """Seconds without any response after which a call takes the next way out, and OPTIONS or
    REGISTER count as unanswered."""
    keep_alive: Annotated[float, Field(ge=0)] = 30
    "Seconds between two OPTIONS, which tell whether it can be reached; 0 is off."

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.register_contact and not (self.username and self.password):
            raise ValueError("expected username and password to register with")
        return self

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        given = self.model_fields_set & {"certificate", "key", "ca", "wildcards"}
        if given and not self.may_use_tls:
            raise ValueError(f'expected transport = "tls" beside {", ".join(sorted(given))}')
        return self

    @model_validator(mode="after")
    def _mutual(self) -> Self:
        if self.mutual_tls and self.transport != "tls":
            raise ValueError('expected transport = "tls" beside mutual_tls')
        return self

    @property
    def may_use_tls(self) -> bool:
        """Whether its requests go over TLS, or DNS may say that they do."""
        if self.transport is None:
            host, port = self.proxy_address or self.address
            return port is None and not is_ip(host)
        return self.transport == "tls"

    @field_validator("host", "proxy")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        if value is not None:
            split_host_port(value, default_port=5060)
        return value

    @property
    def address(self) -> tuple[str, int | None]:
        """Host and port; no port where the file has none, so that DNS may name it."""
        return _host_and_port(self.host)

    @property
    def proxy_address(self) -> tuple[str, int | None] | None:
        """The same of the outbound proxy; None without one."""
        return None if self.proxy is None else _host_and_port(self.proxy)


def _host_and_port(text: str) -> tuple[str, int | None]:
    host, port = split_host_port(text, default_port=0)
    return host, port or None
