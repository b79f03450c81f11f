"""Trunks by their names alone: a real name server says where they are, and who comes next."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import ssl
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.certificates import files
from tests.name_server import NameServer, name_server
from tests.ports import free_port
from tests.system.carrier import Carrier, listening
from tests.system.peer import Peer, peers, status
from tests.system.program import running, until
from tests.system.test_tls import make_tls
from tests.system.test_trunks import EXTENSIONS, OUTSIDE, route

NAME = "carrier.example"
SERVICES = {
    "udp": ("SIP+D2U", "_sip._udp"),
    "tcp": ("SIP+D2T", "_sip._tcp"),
    "tls": ("SIPS+D2T", "_sips._tcp"),
}
TIMEOUT = 2.5
"Seconds that the trunk has for its first response."


def domain(transport: str, *targets: Carrier, ttl: int = 60) -> list[str]:
    """The records of a domain that prefers a transport, with its servers in this order."""
    service, name = SERVICES[transport]
    return [
        f'{NAME}. {ttl} NAPTR 10 10 "s" "{service}" "" {name}.{NAME}.',
        *(
            f"{name}.{NAME}. {ttl} SRV {priority} 0 {target.port} host{priority}.{NAME}."
            for priority, target in enumerate(targets)
        ),
        *(
            f"host{priority}.{NAME}. {ttl} A {target.host}"
            for priority, target in enumerate(targets)
        ),
    ]


def trunk(server: NameServer, *more: str) -> str:
    """A trunk of which nothing is known but its name."""
    lines = (
        "[[trunks]]",
        'name = "carrier"',
        f'host = "{NAME}"',
        'srtp = "off"',
        f"timeout = {TIMEOUT}",
        *more,
    )
    return "\n".join(lines) + "\n" + EXTENSIONS + route("trunk:carrier")


def asks(server: NameServer) -> dict[str, str]:
    """The setting of the environment that lets a switch ask this server."""
    return {"SIP__NAME_SERVERS": json.dumps([f"127.0.0.1:{server.address[1]}"])}


async def calls_out(anna: Peer) -> tuple[int, float]:
    """The final status of a call to the trunk, and its seconds; an answered one is ended."""
    before = time.monotonic()
    invite = await anna.invite("030123")
    answer = await anna.answer_to(invite, seconds=15)
    seconds = time.monotonic() - before
    if status(answer) == 200:
        await anna.established(invite, answer).hang_up()
    return status(answer), seconds


def shown(folder: Path, name: str) -> ssl.SSLContext:
    """A server with a certificate for this name."""
    own = files(folder, name, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    return context


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("transport", "failure"),
    [
        *itertools.product(("udp", "tcp", "tls"), ("503", "silence", "nobody")),
        ("tls", "stranger"),
    ],
)
async def test_the_next_server_of_a_domain_takes_what_the_first_does_not(
    tmp_path: Path, transport: str, failure: str
) -> None:
    """By NAPTR, SRV and A; `nobody` listens at all, or a `stranger` has another certificate."""
    tls = make_tls(tmp_path / "tls")
    first, second = (
        Carrier(
            host,
            free_port(),
            transport,
            shown(tls, name) if transport == "tls" else None,
        )
        for host, name in (
            (OUTSIDE, "other.example" if failure == "stranger" else NAME),
            ("127.0.0.3", NAME),
        )
    )
    if failure in ("503", "silence"):
        first.behaviour = failure  # type: ignore[assignment]
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(name_server(*domain(transport, first, second)))
        if failure != "nobody":
            await stack.enter_async_context(listening(first))
        await stack.enter_async_context(listening(second))
        settings = trunk(server, "keep_alive = 0")
        program = await stack.enter_async_context(
            running(tmp_path / "switch", settings, tls=tls, overrides=asks(server))
        )
        (anna,) = await stack.enter_async_context(peers(program, "1000"))
        await until(lambda: server.asked[f"host1.{NAME}", "A"] > 0)
        code, seconds = await calls_out(anna)
        while not await program.metric("softswitch_trunk_invites_sent_total"):
            code, seconds = await calls_out(anna)  # the answer was still on its way
        assert code == 200, program.log()[-3000:]
        is_unheard = failure == "silence" or (failure == "nobody" and transport == "udp")
        assert (seconds > TIMEOUT) == is_unheard
        assert seconds < TIMEOUT + 2
        assert second.invites == 1
        assert f"SIP/2.0/{transport.upper()} " in second.heard[0]
        if failure in ("503", "silence"):
            assert first.invites >= 1
        else:
            assert first.heard == []
        assert await program.metric("softswitch_trunk_failures_total") == 1


@pytest.mark.timeout(60)
async def test_a_trunk_moves_when_its_records_have_expired_and_stays_while_nobody_answers(
    tmp_path: Path,
) -> None:
    old, new = (Carrier(host, free_port()) for host in (OUTSIDE, "127.0.0.3"))
    async with (
        name_server(*domain("udp", old, ttl=1)) as server,
        listening(old),
        listening(new),
        running(tmp_path, trunk(server, "keep_alive = 0.3"), overrides=asks(server)) as program,
        peers(program, "1000") as (anna,),
    ):
        await program.until_metric("softswitch_trunk_up", 1, 10)
        assert (await calls_out(anna))[0] == 200
        assert old.invites == 1
        server.failure = "SERVFAIL"
        asked = server.asked.total()
        await until(lambda: server.asked.total() > asked)
        await asyncio.sleep(1)
        assert (await calls_out(anna))[0] == 200
        assert old.invites == 2
        server.failure, server.records = "", domain("udp", new, ttl=1)
        await until(lambda: bool(new.heard), 15)
        assert (await calls_out(anna))[0] == 200
        assert (old.invites, new.invites) == (2, 1)
        assert await program.metric("softswitch_trunk_up") == 1


@pytest.mark.timeout(60)
async def test_addresses_alone_and_a_silent_name_server(tmp_path: Path) -> None:
    """Without NAPTR and SRV it is UDP; while the name server is silent, phones are served."""
    async with name_server() as server:
        server.failure = "silence"
        # The port is that of the RFC, the address this process's alone.
        carrier = Carrier(f"127.1.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}", 5060)
        async with (
            running(tmp_path, trunk(server, "keep_alive = 0.3"), overrides=asks(server)) as program,
            peers(program, "1000", "1001") as (anna, ben),
        ):
            await until(lambda: server.asked.total() > 0)
            assert (await calls_out(anna))[0] == 503
            assert await answer_time(anna) < 1
            server.failure = ""
            server.add(f"{NAME}. 60 A {carrier.host}")
            async with listening(carrier):
                await program.until_metric("softswitch_trunk_up", 1, 30)
                assert (await calls_out(ben))[0] == 200


async def answer_time(anna: Peer) -> float:
    """Seconds until OPTIONS are answered."""
    before = time.monotonic()
    await anna.final(anna.new("OPTIONS", None))
    return time.monotonic() - before
