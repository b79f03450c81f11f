"""`a=fingerprint`, `a=setup`, `a=tls-id`: SRTP whose keys DTLS agrees on.

RFC 5763, RFC 8122, RFC 8842.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable

import msgspec

from softswitch.sdp.description import Attribute

HASHES = {"sha-512": 64, "sha-384": 48, "sha-256": 32, "sha-224": 28, "sha-1": 20}
"""The hash functions of fingerprints that are compared, the strongest first, with their octets.
MD2 and MD5 must not be used (RFC 8122 section 5)."""

_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16})[ ]+((?:[0-9A-F]{2}:)+[0-9A-F]{2})", re.I | re.A)
_TLS_ID = re.compile(r"[A-Za-z0-9+/_-]{20,255}", re.ASCII)

Find = Callable[[str], list[str]]
"Returns the values of all attributes of a name that hold for a stream."


class Setup(enum.StrEnum):
    """Who begins the handshake, as the party that says it sees it (RFC 4145 section 4)."""

    ACTIVE = "active"
    "It sends the ClientHello."
    PASSIVE = "passive"
    ACTPASS = "actpass"
    "It leaves the choice to the answer."


_SETUPS = frozenset(Setup)


class DtlsParameters(msgspec.Struct, frozen=True):
    """What a description says about the association of a stream."""

    fingerprints: tuple[str, ...]
    "`sha-256 AA:BB:…`; the certificate is one of these. Never empty."
    setup: Setup
    tls_id: str = ""
    "Another one than before asks for a new association; empty where it is not said."

    def attributes(self) -> list[Attribute]:
        """Return them as they are written."""
        lines = [Attribute("fingerprint", fingerprint) for fingerprint in self.fingerprints]
        lines.append(Attribute("setup", self.setup.value))
        if self.tls_id:
            lines.append(Attribute("tls-id", self.tls_id))
        return lines


def read_dtls(find: Find, *, in_answer: bool) -> DtlsParameters | None:
    """Return what is said about DTLS; None when it is nothing that a handshake could rest on.

    Without `a=setup` an offer means `active`, and an answer `passive` (RFC 4145 section 4).
    """
    fingerprints = _strongest(find("fingerprint"))
    said = next(iter(find("setup")), "passive" if in_answer else "active").lower()
    if not fingerprints or said not in _SETUPS or (in_answer and said == Setup.ACTPASS):
        return None
    tls_id = next(iter(find("tls-id")), "")
    return DtlsParameters(
        fingerprints, Setup(said), tls_id if _TLS_ID.fullmatch(tls_id) is not None else ""
    )


def _strongest(values: Iterable[str]) -> tuple[str, ...]:
    """Return the fingerprints by the strongest hash function that is known (RFC 8122 section 5)."""
    by_hash: dict[str, list[str]] = {}
    for value in values:
        match = _FINGERPRINT.fullmatch(value)
        if match is not None and HASHES.get(match[1].lower()) == (len(match[2]) + 1) // 3:
            name = match[1].lower()
            by_hash.setdefault(name, []).append(f"{name} {match[2].upper()}")
    return next((tuple(by_hash[name]) for name in HASHES if name in by_hash), ())
