"""An authority of one's own, which signs certificates for SIP (RFC 5280, RFC 5922).

For trials and closed networks. Keys are ECDSA on P-256: a handshake costs half of what RSA does.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS = datetime.timedelta(days=3650)
"How long an authority is valid."
DAYS = 397
"How long a certificate is valid: more is refused by some clients."
EARLIER = datetime.timedelta(days=1)
"Validity begins before now, because the clocks of phones are wrong."

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    def certificate_pem(self) -> bytes:
        """The certificate as a PEM file has it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self) -> bytes:
        """The key as a PEM file has it, without a password."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def write(self, certificate: Path, key: Path) -> None:
        """Write both files; only the owner can read the key."""
        _replace(key, self.key_pem(), 0o600)
        _replace(certificate, self.certificate_pem(), 0o644)


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom phones and trunks are to believe."""

    own: Issued

    @classmethod
    def make(cls, name: str) -> Authority:
        """A new one, whose certificate it signs itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _called(name)
        now = _now()
        builder = (
            _builder(subject, subject, key, now - EARLIER, now + YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return cls(Issued(builder.sign(key, SHA256()), key))

    @classmethod
    def read(cls, certificate: Path, key: Path) -> Authority:
        """One that was written before; raises OSError and ValueError."""
        secret = load_pem_private_key(key.read_bytes(), None)
        if not isinstance(secret, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{key}: expected a key on an elliptic curve")
        return cls(Issued(x509.load_pem_x509_certificate(certificate.read_bytes()), secret))

    def issue(
        self,
        names: Sequence[str],
        *,
        begins: datetime.datetime | None = None,
        days: float = DAYS,
    ) -> Issued:
        """A certificate for host names and addresses, the first of which is its subject's.

        Each name stands there as a dNSName or iPAddress, and as the SIP domain (RFC 5922
        section 4). It is good for servers and for clients. `begins` is a day ago without a value.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        start = begins or _now() - EARLIER
        issuer = self.own.certificate
        builder = (
            _builder(
                _called(names[0]), issuer.subject, key, start, start + datetime.timedelta(days=days)
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.own.key.public_key()),
                critical=False,
            )
        )
        return Issued(builder.sign(self.own.key, SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    begins: datetime.datetime,
    ends: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
            if not name.startswith("*"):
                found.append(x509.UniformResourceIdentifier(f"sip:{name}"))
    return found


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _replace(path: Path, octets: bytes, mode: int) -> None:
    """Write a file whole or not at all; nobody sees it with other rights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with open(handle, "wb") as file:
        file.write(octets)
        os.fchmod(file.fileno(), mode)
    os.replace(name, path)
