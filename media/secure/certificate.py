"""The certificate that a worker shows in all its handshakes, and fingerprints (RFC 8122)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

EARLIER = timedelta(days=1)
"The certificate was valid before it was made, for phones with wrong clocks."
LIFE = timedelta(days=30)
"A worker that lives longer shows an old one; the far end looks at its fingerprint (RFC 5763)."

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha-512": hashes.SHA512,
    "sha-384": hashes.SHA384,
    "sha-256": hashes.SHA256,
    "sha-224": hashes.SHA224,
    "sha-1": hashes.SHA1,
}
"The functions of section 5, the strongest first; MD2 and MD5 must not be used."


class DtlsCertificate:
    """A new key on the curve P-256, and a certificate that it signs itself."""

    def __init__(self, now: datetime | None = None) -> None:
        """Make it valid around `now`, the present moment."""
        now = now or datetime.now(UTC)
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "softswitch")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - EARLIER)
            .not_valid_after(now + LIFE)
            .sign(self.key, hashes.SHA256())
        )
        self.fingerprint = fingerprint(self.certificate, "sha-256")
        "As in `a=fingerprint`: `sha-256 AA:BB:…`."


def fingerprint(certificate: x509.Certificate, function: str) -> str:
    """Return the fingerprint by one of `HASHES`, as in `a=fingerprint`."""
    return f"{function} {certificate.fingerprint(HASHES[function]()).hex(':').upper()}"


def fits(certificate: x509.Certificate, fingerprints: tuple[str, ...]) -> bool:
    """Whether a certificate has one of the fingerprints.

    Of several only those by the strongest function that we know count: they are of different
    certificates (section 5).
    """
    told = [text.partition(" ") for text in fingerprints]
    for function in HASHES:
        by_function = {value.strip().upper() for name, _, value in told if name.lower() == function}
        if by_function:
            return fingerprint(certificate, function).partition(" ")[2] in by_function
    return False
