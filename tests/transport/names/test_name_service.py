"""What names mean: the hosts file, a real name server on UDP, and what is kept of its answers."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.nameserver
import pytest

from softswitch.sip.effects import Flow
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.transport.names import name_service
from softswitch.transport.names.hosts import HostsFile
from softswitch.transport.names.name_service import Dns
from softswitch.transport.names.records import Naptr, Srv
from softswitch.transport.names.resolver import Resolver
from tests.name_server import NameServer, name_server

NOWHERE = Path("/nonexistent")
RECORDS = (
    'carrier.example. 300 NAPTR 20 10 "S" "SIP+D2U" "" _sip._udp.carrier.example.',
    'carrier.example. 300 NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.carrier.example.',
    'carrier.example. 300 NAPTR 5 10 "U" "E2U+sip" "!^.*$!sip:x@carrier.example!" .',
    "_sips._tcp.carrier.example. 60 SRV 10 5 5061 one.carrier.example.",
    "_sips._tcp.carrier.example. 60 SRV 20 5 5071 two.carrier.example.",
    "_sip._udp.carrier.example. 60 SRV 10 5 5060 .",
    "one.carrier.example. 20 A 192.0.2.1",
    "one.carrier.example. 20 A 192.0.2.2",
    "two.carrier.example. 20 A 192.0.2.3",
    "two.carrier.example. 20 AAAA 2001:db8::3",
    "zero.example. 0 A 192.0.2.9",
)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def asking(server: NameServer, clock: Clock | None = None, hosts: Path = NOWHERE) -> Dns:
    return Dns([server.address], hosts=hosts, now=clock or Clock())


async def test_the_records_of_a_server() -> None:
    async with name_server(*RECORDS) as server:
        names = asking(server)
        assert sorted(await names.naptr("carrier.example")) == [
            Naptr(10, 10, "SIPS+D2T", "_sips._tcp.carrier.example"),
            Naptr(20, 10, "SIP+D2U", "_sip._udp.carrier.example"),
        ]
        assert sorted(await names.srv("_sips._tcp.carrier.example")) == [
            Srv(10, 5, 5061, "one.carrier.example"),
            Srv(20, 5, 5071, "two.carrier.example"),
        ]
        assert await names.srv("_sip._udp.carrier.example") == []
        assert sorted(await names.addresses("one.carrier.example")) == ["192.0.2.1", "192.0.2.2"]
        assert set(await names.addresses("two.carrier.example")) == {"192.0.2.3", "2001:db8::3"}
        assert await names.addresses("three.carrier.example") == []
        assert await names.naptr("three.carrier.example") == []


@pytest.mark.parametrize("bad", ["a" * 64 + ".example", "a..b", "ü.example", "", "\x00.example"])
async def test_what_is_no_name_has_no_records(bad: str) -> None:
    async with name_server(*RECORDS) as server:
        names = asking(server)
        assert await names.addresses(bad) == []
        assert await names.srv(f"_sip._udp.{bad}") == []


async def test_answers_are_kept_for_their_time_to_live() -> None:
    clock = Clock()
    async with name_server(*RECORDS) as server:
        names = asking(server, clock)
        for _ in range(3):
            await names.addresses("one.carrier.example")
        assert server.asked["one.carrier.example", "A"] == 1
        server.records = ["one.carrier.example. 20 A 192.0.2.77"]
        clock.seconds += 19.9
        assert sorted(await names.addresses("ONE.carrier.example")) == ["192.0.2.1", "192.0.2.2"]
        clock.seconds += 0.2
        assert await names.addresses("one.carrier.example") == ["192.0.2.77"]
        assert server.asked["one.carrier.example", "A"] == 2


async def test_an_answer_without_a_time_to_live_is_not_kept() -> None:
    async with name_server(*RECORDS) as server:
        names = asking(server)
        for _ in range(3):
            assert await names.addresses("zero.example") == ["192.0.2.9"]
        assert server.asked["zero.example", "A"] == 3


async def test_that_there_is_nothing_is_believed_for_half_a_minute() -> None:
    """A server that does not say how long (no SOA) must not be believed for ever."""
    clock = Clock()
    async with name_server() as server:
        names = asking(server, clock)
        assert await names.addresses("new.example") == []
        server.add("new.example. 60 A 192.0.2.5")
        clock.seconds += name_service.NOTHING_FOR - 0.1
        assert await names.addresses("new.example") == []
        assert server.asked["new.example", "A"] == 1
        clock.seconds += 0.2
        assert await names.addresses("new.example") == ["192.0.2.5"]


@pytest.mark.parametrize("failure", ["SERVFAIL", "REFUSED", "silence"])
async def test_the_last_answer_serves_while_no_server_answers(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_service, "PATIENCE", 0.1)
    clock = Clock()
    async with name_server(*RECORDS) as server:
        names = asking(server, clock)
        await names.addresses("two.carrier.example")
        server.failure = failure
        clock.seconds += 21
        for _ in range(2):
            assert set(await names.addresses("two.carrier.example")) == {
                "192.0.2.3",
                "2001:db8::3",
            }
        asked = server.asked["two.carrier.example", "A"]
        clock.seconds += name_service.TRY_AGAIN + 0.1
        server.failure = ""
        server.records = ["two.carrier.example. 20 A 192.0.2.4"]
        clock.seconds += name_service.NOTHING_FOR
        assert await names.addresses("two.carrier.example") == ["192.0.2.4"]
        assert server.asked["two.carrier.example", "A"] == asked + 1


async def test_a_silent_server_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_service, "PATIENCE", 0.2)
    async with name_server() as server:
        server.failure = "silence"
        question = asyncio.create_task(asking(server).addresses("any.example"))
        turns = 0
        while not question.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert turns >= 10
        assert await question == []


async def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_service, "REMEMBERED", 4)
    async with name_server(*(f"h{each}.example. 60 A 192.0.2.{each}" for each in range(1, 9))) as s:
        names = asking(s)
        for each in range(1, 9):
            assert await names.addresses(f"h{each}.example") == [f"192.0.2.{each}"]
        await names.addresses("h8.example")
        await names.addresses("h1.example")
        assert s.asked["h8.example", "A"] == 1
        assert s.asked["h1.example", "A"] == 2


async def test_the_hosts_file_and_localhost_ask_nobody(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# a comment\n192.0.2.50 one.carrier.example Pbx # more\nrubbish\n::1 pbx\n")
    async with name_server(*RECORDS) as server:
        names = asking(server, hosts=file)
        assert await names.addresses("one.carrier.example") == ["192.0.2.50"]
        assert await names.addresses("PBX.") == ["192.0.2.50", "::1"]
        assert list(await names.addresses("localhost")) == ["127.0.0.1", "::1"]
        assert list(await names.addresses("a.localhost")) == ["127.0.0.1", "::1"]
        assert not server.asked


def test_a_hosts_file_is_read_anew_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    hosts = HostsFile(file)
    assert hosts.addresses("a") == []
    file.write_text("192.0.2.1 a\n")
    assert hosts.addresses("a") == ["192.0.2.1"]
    file.write_text("192.0.2.2 a\n")
    os.utime(file, (1, 1))
    assert hosts.addresses("a") == ["192.0.2.2"]
    file.unlink()
    assert hosts.addresses("a") == []


async def test_what_dns_does_not_know_the_system_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without servers in the settings: a search domain, or names of the local network."""

    async def of_system(host: str, *_: Any, **__: Any) -> list[Any]:
        if host != "printer":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.60", 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", of_system, raising=False)
    async with name_server() as server:
        names = Dns(hosts=NOWHERE)
        names._resolver = asking(server)._system()
        assert await names.addresses("printer") == ["192.0.2.60"]
        assert await names.addresses("plotter") == []
        assert server.asked["printer", "A"] == 1
        assert await asking(server).addresses("printer") == []


async def test_after_a_failure_the_system_is_asked_anew_for_its_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that comes to another network has other name servers."""
    async with name_server() as old, name_server(*RECORDS) as new:
        old.failure = "REFUSED"
        now = [old.address]

        made = dns.asyncresolver.Resolver

        def of_system(configure: bool) -> dns.asyncresolver.Resolver:
            assert configure
            resolver = made(configure=False)
            resolver.nameservers = [dns.nameserver.Do53Nameserver(*now[0])]
            return resolver

        monkeypatch.setattr(dns.asyncresolver, "Resolver", of_system)
        clock = Clock()
        names = Dns(hosts=NOWHERE, now=clock)
        assert await names.srv("_sips._tcp.carrier.example") == []
        now[0] = new.address
        clock.seconds += name_service.TRY_AGAIN + 0.1
        assert len(await names.srv("_sips._tcp.carrier.example")) == 2


async def test_a_trunk_without_a_transport_goes_where_the_domain_says() -> None:
    def flow(transport: str, remote: tuple[str, int]) -> Flow:
        if ":" in remote[0]:
            raise OSError("no IPv6")
        return Flow(transport, ("192.0.2.99", 5060), remote)

    async with name_server(*RECORDS) as server:
        uri = parse_uri("sip:carrier.example")
        assert isinstance(uri, SipUri)
        flows = await Resolver(flow, asking(server)).resolve(uri)
        assert [(found.transport, found.remote) for found in flows] in (
            [("tls", (one, 5061)), ("tls", (other, 5061)), ("tls", ("192.0.2.3", 5071))]
            for one, other in (("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1"))
        )
