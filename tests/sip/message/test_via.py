"""Via: reading, and what a server makes of the top one (RFC 3261 section 18.2, RFC 3581)."""

from __future__ import annotations

import pytest

from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.via import parse_via

# text, transport, host, port, parameters as written
VIAS = [
    ("SIP/2.0/UDP a.example:5060;branch=z9hG4bK87", "UDP", "a.example", 5060, ";branch=z9hG4bK87"),
    ("SIP/2.0/UDP 192.0.2.1:5060 ;received=1.2.3.4", "UDP", "192.0.2.1", 5060, ";received=1.2.3.4"),
    ("SIP / 2.0 / UDP host: 4000;ttl=16 ;x=y", "UDP", "host", 4000, ";ttl=16;x=y"),
    ("sip/2.0/tcp Host", "TCP", "host", None, ""),
    ("SIP/2.0/WSS df7jal23ls0d.invalid;rport", "WSS", "df7jal23ls0d.invalid", None, ";rport"),
    ("SIP/2.0/TLS\t[2001:db8::9]:5061", "TLS", "[2001:db8::9]", 5061, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "transport", "host", "port", "parameters"), VIAS)
def test_via(text: str, transport: str, host: str, port: int | None, parameters: str) -> None:
    via = parse_via(text)
    assert (via.transport, via.host, via.port) == (transport, host, port)
    assert str(via.parameters) == parameters
    assert parse_via(str(via)) == via


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "UDP host",
        "SIP/2.0 host",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0/UDP ;branch=1",
        "SIP/2.0/UDPhost",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP a:0",
        "SIP/2.0/UDP a:70000",
        "SIP/2.0/UDP a;branch=1;branch=2",
        "SIP/2.0/UDP 2001:db8::1",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        parse_via(text)


@pytest.mark.parametrize(
    ("branch", "cookie"),
    [(";branch=z9hG4bKx", True), (";branch=z9hG4bK", False), (";branch=1", False), ("", False)],
)
def test_magic_cookie(branch: str, cookie: bool) -> None:
    assert parse_via(f"SIP/2.0/UDP host{branch}").has_cookie is cookie


# sent-by and parameters, real address and port, the parameters afterwards
ARRIVALS = [
    ("192.0.2.1:5060;branch=b", ("192.0.2.1", 5060), ";branch=b"),
    ("192.0.2.1:5060;branch=b", ("192.0.2.9", 5060), ";branch=b;received=192.0.2.9"),
    ("host;branch=b", ("192.0.2.9", 4000), ";branch=b;received=192.0.2.9"),
    ("192.0.2.1;rport;branch=b", ("192.0.2.1", 4000), ";rport=4000;branch=b;received=192.0.2.1"),
    ("host;rport=1;received=9.9.9.9", ("192.0.2.9", 4), ";rport=4;received=192.0.2.9"),
    ("[2001:db8::1]", ("2001:db8::1", 5060), ""),
    ("host", ("2001:db8::2", 5060), ";received=2001:db8::2"),
]


@pytest.mark.parametrize(("text", "source", "parameters"), ARRIVALS)
def test_arrived_from(text: str, source: tuple[str, int], parameters: str) -> None:
    via = parse_via(f"SIP/2.0/UDP {text}").arrived_from(*source)
    assert str(via.parameters) == parameters
    if "received" in parameters:
        assert via.received == source[0]
    assert via.rport == (source[1] if "rport" in parameters else None)


def test_sent_by_keeps_an_absent_port_absent() -> None:
    assert parse_via("SIP/2.0/UDP Host").sent_by == "host"
    assert parse_via("SIP/2.0/UDP Host:5060").sent_by == "host:5060"
