"""A trunk behind a real Kamailio as its outbound proxy, over UDP and TLS.

The carrier is another switch: it knows nothing of the proxy but what the proxy says of itself.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.certificates import files
from tests.ports import free_port, media_ports
from tests.system.edge_proxy import EdgeProxy, needed_with_tls
from tests.system.kamailio import INSIDE, kamailio
from tests.system.peer import header, headers, peers, status
from tests.system.program import Program, running, until
from tests.system.test_tls import make_tls
from tests.system.test_trunks import EXTENSIONS, route, state_of

ACCOUNT = """
[[extensions]]
type = "phone"
number = "1500"
password = "pw-account"
"""


def settings(proxy: EdgeProxy, transport: str, carrier: int) -> str:
    port = proxy.tls_port if transport == "tls" else proxy.port
    return f"""{EXTENSIONS}
[[trunks]]
name = "carrier"
host = "127.0.0.1:{carrier}"
proxy = "{INSIDE}:{port}"
transport = "{transport}"
username = "1500"
password = "pw-account"
register = true
keep_alive = 1
srtp = "off"
{route("trunk:carrier", "0*", "strip = 1")}
{route("extension:1000", "1500")}
"""


@asynccontextmanager
async def chain(
    directory: Path, transport: str, name: str = INSIDE
) -> AsyncIterator[tuple[Program, EdgeProxy, Program]]:
    """The switch, the proxy with a certificate for this name, and the carrier."""
    needed_with_tls()
    tls = make_tls(directory / "tls")
    files(tls, "edge", name)
    (directory / "proxy").mkdir()
    proxy = EdgeProxy(directory / "proxy", certificates=tls)
    sip_port, carrier_port = free_port(), free_port()
    async with (
        kamailio(proxy, sip_port, carrier_port),
        running(
            directory / "carrier",
            EXTENSIONS + ACCOUNT,
            sip_port=carrier_port,
            media_ports=media_ports(0, 2),
        ) as carrier,
        running(
            directory / "switch",
            settings(proxy, transport, carrier_port),
            sip_port=sip_port,
            tls=tls,
            media_ports=media_ports(1, 2),
            overrides={"LOGGING__MESSAGES": "line"},
        ) as program,
    ):
        yield program, proxy, carrier


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transport", ["udp", "tls"])
async def test_a_trunk_registers_and_calls_both_ways_through_its_proxy(
    tmp_path: Path, transport: str
) -> None:
    async with (
        chain(tmp_path, transport) as (program, proxy, carrier),
        peers(program, "1000") as (anna,),
        peers(carrier, "1001") as (ben,),
    ):
        await state_of(program, "carrier", "up", 15)
        assert await carrier.metric("softswitch_registrations") == 2
        assert re.search(
            rf"from the switch: REGISTER sip:127\.0\.0\.1:{carrier.sip_port}\S* by {transport}",
            proxy.log(),
        )

        for ending in ("switch", "carrier"):
            invite = await anna.invite("01001")
            incoming = await ben.request("INVITE")
            assert "<sip:1500@" in header(incoming, "From")
            inner = ben.respond(incoming, 200, ben.sdp("0"))
            answer = await anna.answer_to(invite, seconds=10)
            assert status(answer) == 200, answer
            outer = anna.established(invite, answer)
            await ben.request("ACK")
            if ending == "switch":
                await outer.hang_up()
                ben.respond(await ben.request("BYE"), 200)
            else:
                await inner.hang_up()
                anna.respond(await anna.request("BYE"), 200)
        called = f"from the switch: INVITE sip:1001@127.0.0.1:{carrier.sip_port} by {transport}"
        assert proxy.log().count(called) == 4  # each once more with the answer to the challenge
        assert f"along the route set: BYE by {transport}" in proxy.log()
        assert "along the route set: BYE by udp" in proxy.log()

        for ending in ("switch", "carrier"):
            invite = await ben.invite("1500")
            incoming = await anna.request("INVITE")
            assert "<sip:1001@" in header(incoming, "From")
            inner = anna.respond(incoming, 200, anna.sdp("0"))
            answer = await ben.answer_to(invite, seconds=10)
            assert status(answer) == 200, answer
            outer = ben.established(invite, answer)
            await anna.request("ACK")
            if ending == "switch":
                await inner.hang_up()
                ben.respond(await ben.request("BYE"), 200)
            else:
                await outer.hang_up()
                anna.respond(await anna.request("BYE"), 200)
        back = re.findall(r"to the switch: INVITE (\S+)", proxy.log())
        assert len(back) == 2
        # Down the connection that the switch has opened, which is not where it listens.
        assert all(("transport=tls" in way) == (transport == "tls") for way in back), back
        assert await program.metric("softswitch_connections") == (transport == "tls")
        assert "beside the route set" not in proxy.log()
        assert "without a route" not in proxy.log()
        # Nothing went past the proxy.
        assert f"flow=udp:{INSIDE}:{proxy.port}" in program.log() or transport == "tls"
        assert f"flow=udp:127.0.0.1:{carrier.sip_port}" not in program.log()
        sources = [call["source"] for call in program.calls()]
        assert sources == ["1000", "1000", "carrier", "carrier"]


@pytest.mark.timeout(120)
async def test_a_proxy_with_the_certificate_of_somebody_else_gets_nothing(tmp_path: Path) -> None:
    async with chain(tmp_path, "tls", "edge.example.org") as (program, proxy, carrier):
        await until(lambda: "is the certificate of edge.example.org" in program.log(), 15)
        await state_of(program, "carrier", "down", 15)
        assert "from the switch" not in proxy.log()
        assert await carrier.metric("softswitch_registrations") == 0


@pytest.mark.timeout(120)
async def test_a_proxy_that_comes_back_is_used_again(tmp_path: Path) -> None:
    async with (
        chain(tmp_path, "tls") as (program, proxy, carrier),
        peers(program, "1000") as (anna,),
        peers(carrier, "1001") as (ben,),
    ):
        await state_of(program, "carrier", "up", 15)
        await proxy.stop()
        invite = await anna.invite("01001")
        assert status(await anna.answer_to(invite, seconds=10)) == 503
        await state_of(program, "carrier", "down", 15)
        await proxy.start(program.sip_port, carrier.sip_port)
        await state_of(program, "carrier", "up", 60)
        invite = await anna.invite("01001")
        incoming = await ben.request("INVITE")
        assert len(headers(incoming, "Via")) == 1
        ben.respond(incoming, 486)
        assert status(await anna.answer_to(invite, seconds=10)) == 486
