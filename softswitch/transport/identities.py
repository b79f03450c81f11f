"""Whose certificate it is: the SIP domains that it names (RFC 5922 section 7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

Certificate = Mapping[str, object]
"As `ssl.SSLObject.getpeercert` returns it: `subjectAltName` and `subject` are tuples of pairs."

SCHEME = "sip:"


def belongs_to(certificate: Certificate, domain: str, *, wildcards: bool = False) -> bool:
    """Whether the certificate is the domain's, or that of the numeric address.

    `wildcards`: whether `*.example.org` is good for one label in front of example.org; RFC 5922
    section 7.2 says no.
    """
    wanted = domain.lower().rstrip(".")
    address = _address(wanted)
    if address is not None:
        return any(_address(found) == address for found in _alternatives(certificate, "IP Address"))
    return any(
        identity == wanted or (wildcards and _covers(identity, wanted))
        for identity in identities(certificate)
    )


def identities(certificate: Certificate) -> list[str]:
    """The domains that a certificate names, in lower case.

    They are in its SIP URIs without a user part and its dNSName entries; only a certificate without
    any subjectAltName is judged by its common name (section 7.1).
    """
    if certificate.get("subjectAltName"):
        found = [*_sip_domains(certificate), *_alternatives(certificate, "DNS")]
    else:
        found = list(_common_names(certificate))
    return [name.lower().rstrip(".") for name in found]


def _sip_domains(certificate: Certificate) -> Iterator[str]:
    """The hosts of `sip:example.org`; a URI with a user is a person's, and names no domain."""
    for uri in _alternatives(certificate, "URI"):
        if uri.lower().startswith(SCHEME) and "@" not in uri:
            host = uri[len(SCHEME) :].partition(";")[0].partition("?")[0]
            if ":" not in host:
                yield host


def _covers(identity: str, wanted: str) -> bool:
    """Whether `*.example.org` stands for one label more, as the operator allows."""
    star, dot, rest = identity.partition(".")
    label, _, below = wanted.partition(".")
    return star == "*" and bool(dot and label and "." in rest) and below == rest


def _alternatives(certificate: Certificate, kind: str) -> Iterator[str]:
    for name, value in _pairs(certificate.get("subjectAltName")):
        if name == kind:
            yield value


def _common_names(certificate: Certificate) -> Iterator[str]:
    subject = certificate.get("subject")
    for part in subject if isinstance(subject, tuple) else ():
        for name, value in _pairs(part):
            if name == "commonName":
                yield value


def _pairs(found: object) -> Iterator[tuple[str, str]]:
    for pair in found if isinstance(found, tuple) else ():
        name, value = pair
        yield str(name), str(value)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
