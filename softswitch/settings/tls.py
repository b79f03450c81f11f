"""The table that says which certificates TLS shows and whom it believes: [tls]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from softswitch.settings.values import Count, Seconds, Section

ServerName = Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$")]
"A name as a client asks for it in TLS, or `*.` and the rest of the name."


class TlsFiles(Section):
    """A certificate that we show, and the key to it."""

    certificate: Path | None = None
    "PEM file: the certificate, then those between it and the authority."
    key: Path | None = None
    "PEM file without a password."

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("expected certificate and key, or neither")
        return self


class NamedCertificateSettings(Section):
    """A further certificate, for clients that ask for one of its names."""

    certificate: Path
    "PEM file, as in [tls]."
    key: Path
    names: tuple[ServerName, ...] = ()
    "Names that it is shown for; without the key, those in the certificate."


class TlsSettings(TlsFiles):
    """TLS of SIP, WebSocket and HTTPS: one set of certificates for all."""

    ca: Path | None = None
    """PEM file of the authorities that trunks and clients are checked against; without the key,
    trunks are checked against those of the system."""
    clients: Literal["off", "optional", "required"] = "off"
    "Whether SIP clients are asked for a certificate; one that they show must be good."
    certificates: tuple[NamedCertificateSettings, ...] = ()
    "Further ones; a client that asks for none of their names gets that of [tls], else the first."
    handshakes: Count = 64
    "Handshakes of SIP under way at a time; further ones wait, but not for a far end that is slow."
    handshake_timeout: Seconds = 10
    "Seconds that a handshake may take, from the first packet of the connection."

    @model_validator(mode="after")
    def _authority(self) -> Self:
        if self.clients != "off" and self.ca is None:
            raise ValueError("expected ca beside clients: the authorities that may sign for them")
        return self

    @property
    def has_certificate(self) -> bool:
        """Whether there is any that a server can show."""
        return self.certificate is not None or bool(self.certificates)
