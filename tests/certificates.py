"""Certificates for tests: two authorities, files of what they sign, clients that believe them."""

from __future__ import annotations

import ssl
from pathlib import Path

from softswitch.cli.authority import Authority
from softswitch.transport.certificates import OwnCertificate

AUTHORITY = Authority.make("Trial CA")
OTHER = Authority.make("Another CA")


def files(
    folder: Path, name: str, *names: str, authority: Authority = AUTHORITY, days: float = 90
) -> OwnCertificate:
    """Write a certificate for these names; it began a day ago."""
    own = OwnCertificate(folder / f"{name}.pem", folder / f"{name}.key")
    authority.issue(names, days=days).write(own.certificate, own.key)
    return own


def write_ca(folder: Path, authority: Authority = AUTHORITY, name: str = "ca.pem") -> Path:
    """Write the certificate of an authority."""
    path = folder / name
    path.write_bytes(authority.own.certificate_pem())
    return path


def trusting(authority: Authority = AUTHORITY) -> ssl.SSLContext:
    """A client that believes this authority, whatever the name is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=authority.own.certificate_pem().decode())
    return context
