"""RFC 5922 section 7: whose certificate it is."""

from __future__ import annotations

import pytest

from softswitch.transport.identities import belongs_to, identities


def certificate(*alternatives: tuple[str, str], common: str = "") -> dict[str, object]:
    subject = ((("commonName", common),),) if common else ()
    return {"subject": subject, **({"subjectAltName": alternatives} if alternatives else {})}


DNS = certificate(("DNS", "Example.ORG"))
URI = certificate(("URI", "sip:example.org"), ("DNS", "host.example.org"))
WILD = certificate(("DNS", "*.example.org"))


@pytest.mark.parametrize(
    ("shown", "domain", "is_theirs"),
    [
        (DNS, "example.org", True),
        (DNS, "EXAMPLE.org.", True),
        (DNS, "sip.example.org", False),
        (DNS, "xample.org", False),
        (URI, "example.org", True),
        (URI, "host.example.org", True),
        (certificate(("URI", "SIP:example.org;transport=tls")), "example.org", True),
        (certificate(("URI", "sip:anna@example.org")), "example.org", False),
        (certificate(("URI", "sips:example.org")), "example.org", False),
        (certificate(("URI", "https://example.org")), "example.org", False),
        (certificate(("URI", "sip:example.org:5061")), "example.org", False),
        (certificate(common="example.org"), "example.org", True),
        (certificate(("DNS", "other.org"), common="example.org"), "example.org", False),
        (certificate(("email", "a@example.org"), common="example.org"), "example.org", False),
        (WILD, "sip.example.org", False),
        (certificate(common="*.example.org"), "sip.example.org", False),
        (certificate(("IP Address", "192.0.2.1")), "192.0.2.1", True),
        (certificate(("IP Address", "192.0.2.1")), "192.0.2.2", False),
        (certificate(("DNS", "192.0.2.1")), "192.0.2.1", False),
        (certificate(common="192.0.2.1"), "192.0.2.1", False),
        (certificate(("IP Address", "2001:DB8:0:0:0:0:0:1")), "[2001:db8::1]", True),
        ({}, "example.org", False),
    ],
)
def test_whose_certificate_it_is(shown: dict[str, object], domain: str, is_theirs: bool) -> None:
    assert belongs_to(shown, domain) is is_theirs


@pytest.mark.parametrize(
    ("name", "domain", "is_theirs"),
    [
        ("*.example.org", "sip.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.sip.example.org", False),
        ("*.org", "example.org", False),
        ("*", "example", False),
        ("s*.example.org", "sip.example.org", False),
        ("sip.*.org", "sip.example.org", False),
    ],
)
def test_wildcards_where_the_operator_allows_them(name: str, domain: str, is_theirs: bool) -> None:
    assert belongs_to(certificate(("DNS", name)), domain, wildcards=True) is is_theirs


def test_all_that_it_names() -> None:
    assert identities(URI) == ["example.org", "host.example.org"]
    assert identities(certificate()) == []
