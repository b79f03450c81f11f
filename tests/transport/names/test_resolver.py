"""RFC 3263 section 4 as a table: what the URI says, what DNS knows, where requests go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from softswitch.sip.effects import Flow
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.transport.driver import NoTransport
from softswitch.transport.names.records import Naptr, Srv
from softswitch.transport.names.resolver import Resolver, Unresolvable, in_order


class Zone:
    """A name service with a few domains."""

    NAPTR: ClassVar = {
        "full.example": [
            Naptr(90, 50, "SIP+D2U", "_sip._udp.full.example"),
            Naptr(50, 50, "SIP+D2T", "_sip._tcp.full.example"),
            Naptr(10, 50, "SIPS+D2T", "_sips._tcp.full.example"),
        ],
        "tls.example": [Naptr(10, 50, "SIPS+D2T", "_sips._tcp.tls.example")],
    }
    SRV: ClassVar = {
        "_sip._udp.full.example": [Srv(1, 1, 5060, "a.example")],
        "_sip._tcp.full.example": [Srv(2, 1, 5062, "b.example"), Srv(1, 1, 5061, "a.example")],
        "_sip._tcp.srv.example": [Srv(1, 0, 6000, "b.example")],
        "_sips._tcp.full.example": [Srv(2, 1, 5063, "b.example"), Srv(1, 1, 5064, "a.example")],
        "_sips._tcp.secure.example": [Srv(1, 0, 6001, "a.example")],
    }
    ADDRESSES: ClassVar = {
        "a.example": ["192.0.2.1"],
        "b.example": ["192.0.2.2", "2001:db8::2"],
        "plain.example": ["192.0.2.3", "192.0.2.4"],
        "tls.example": ["192.0.2.5"],
        "many.example": [f"192.0.2.{number}" for number in range(1, 200)],
    }

    async def naptr(self, name: str) -> Sequence[Naptr]:
        return self.NAPTR.get(name, [])

    async def srv(self, name: str) -> Sequence[Srv]:
        return self.SRV.get(name, [])

    async def addresses(self, host: str) -> Sequence[str]:
        return self.ADDRESSES.get(host, [])


def flow(transport: str, remote: tuple[str, int]) -> Flow:
    """We listen on UDP and TCP, IPv4 only."""
    if ":" in remote[0] or transport not in ("udp", "tcp"):
        raise NoTransport("no")
    return Flow(transport, ("192.0.2.99", 5060), remote)


def secure_flow(transport: str, remote: tuple[str, int]) -> Flow:
    """We listen on TLS as well."""
    found = flow("tcp" if transport == "tls" else transport, remote)
    return found._replace(transport=transport)


async def where(text: str, find: Callable[[str, tuple[str, int]], Flow] = flow) -> list[str]:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    flows = await Resolver(find, Zone(), lambda low, high: low).resolve(uri)
    return [f"{transport} {host}:{port}" for transport, _, (host, port), _ in flows]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:192.0.2.7", ["udp 192.0.2.7:5060"]),
        ("sip:a@192.0.2.7:5070;transport=tcp", ["tcp 192.0.2.7:5070"]),
        ("sip:192.0.2.7;transport=TCP", ["tcp 192.0.2.7:5060"]),
        ("sip:plain.example:5070", ["udp 192.0.2.3:5070", "udp 192.0.2.4:5070"]),
        ("sip:plain.example", ["udp 192.0.2.3:5060", "udp 192.0.2.4:5060"]),
        ("sip:plain.example;transport=tcp", ["tcp 192.0.2.3:5060", "tcp 192.0.2.4:5060"]),
        (
            "sip:full.example",
            ["tcp 192.0.2.1:5061", "tcp 192.0.2.2:5062", "udp 192.0.2.1:5060"],
        ),
        ("sip:full.example;transport=udp", ["udp 192.0.2.1:5060"]),
        ("sip:srv.example", ["tcp 192.0.2.2:6000"]),
        ("sip:tls.example", ["udp 192.0.2.5:5060"]),
    ],
)
async def test_where_requests_go(uri: str, expected: list[str]) -> None:
    assert await where(uri) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:192.0.2.7;transport=tls", ["tls 192.0.2.7:5061"]),
        ("sip:192.0.2.7:5070;transport=tls", ["tls 192.0.2.7:5070"]),
        ("sips:192.0.2.7", ["tls 192.0.2.7:5061"]),
        ("sips:192.0.2.7;transport=tcp", ["tls 192.0.2.7:5061"]),
        ("sip:plain.example;transport=tls", ["tls 192.0.2.3:5061", "tls 192.0.2.4:5061"]),
        ("sip:secure.example;transport=tls", ["tls 192.0.2.1:6001"]),
        ("sips:secure.example", ["tls 192.0.2.1:6001"]),
        ("sip:secure.example", ["tls 192.0.2.1:6001"]),
        ("sips:full.example", ["tls 192.0.2.1:5064", "tls 192.0.2.2:5063"]),
        (
            "sip:full.example",
            [
                *("tls 192.0.2.1:5064", "tls 192.0.2.2:5063", "tcp 192.0.2.1:5061"),
                *("tcp 192.0.2.2:5062", "udp 192.0.2.1:5060"),
            ],
        ),
    ],
)
async def test_where_secure_requests_go(uri: str, expected: list[str]) -> None:
    assert await where(uri, secure_flow) == expected


async def test_a_sips_uri_goes_nowhere_without_tls() -> None:
    with pytest.raises(Unresolvable):
        await where("sips:full.example")


@pytest.mark.parametrize(
    "uri", ["sip:nowhere.example", "sip:[2001:db8::1]", "sip:1.2.3.4;transport=sctp"]
)
async def test_what_leads_nowhere(uri: str) -> None:
    with pytest.raises(Unresolvable):
        await where(uri)


@pytest.mark.parametrize("host", ["kbd6lkefiqik.invalid", "a.LOCAL", "a.invalid.", "b.local:5060"])
async def test_names_that_pages_make_up_are_asked_of_nobody(host: str) -> None:
    class Nobody(Zone):
        async def addresses(self, host: str) -> Sequence[str]:
            raise AssertionError(host)

        naptr = srv = addresses  # type: ignore[assignment]

    uri = parse_uri(f"sip:a@{host};transport=ws")
    assert isinstance(uri, SipUri)
    with pytest.raises(Unresolvable):
        await Resolver(flow, Nobody()).resolve(uri)


async def test_a_thousand_addresses_are_cut() -> None:
    assert len(await where("sip:many.example")) == 16


def test_weights_are_proportions() -> None:
    heavy, light = Srv(1, 9, 1, "heavy"), Srv(1, 1, 2, "light")
    first = [in_order([light, heavy], lambda low, high, at=at: at)[0] for at in range(1, 11)]  # type: ignore[misc]
    assert first.count(heavy) == 9
