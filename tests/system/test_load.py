"""A small load with SIPp: every call succeeds, and afterwards everything is back to zero."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.certificates import trusting
from tests.ports import free_port
from tests.system.program import running, until
from tests.system.sipp import Sipp
from tests.system.test_tls import make_tls

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[logging]
level = "warning"
[[extensions]]
range = "2000-2099"
type = "phone"
password = "pw{number}"
"""
CALLS = 200
BACK_TO_ZERO = 40
"Seconds; the last transactions wait for repeats for 64*T1 = 32 of them."


def users(callee: int) -> list[tuple[str, ...]]:
    """Number, credentials in SIPp's words, the callee's port, and the number to call."""
    return [
        (
            str(number),
            f"[authentication username={number} password=pw{number}]",
            str(callee),
            str(2000 + (number - 1950) % 100),
        )
        for number in range(2000, 2100)
    ]


@pytest.mark.timeout(150)
async def test_calls_with_digest_and_what_they_leave_behind(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program:
        target = f"127.0.0.1:{program.sip_port}"
        callee = free_port()
        registering = Sipp(tmp_path, "register", port=free_port())
        await registering.start(target, calls=100, rate=50, users=users(callee))
        registered = await registering.finish()
        assert (registered.successful, registered.failed) == (100, 0), registered.text
        assert await program.metric("softswitch_registrations") == 100

        answering = Sipp(tmp_path, "callee", port=callee)
        await answering.start(target)
        calling = Sipp(tmp_path, "caller", port=free_port())
        await calling.start(target, calls=CALLS, rate=25, users=users(callee), hold_ms=1_000)
        called = await calling.finish(60)
        # The last callees may still have to answer our BYE.
        await program.until_metric("softswitch_dialogs", 0)
        await answering.stop()
        assert (called.successful, called.failed) == (CALLS, 0), called.text

        await until(lambda: sum(bool(call["end_time"]) for call in program.calls()) == CALLS)
        assert {(call["outcome"], call["ended_by"]) for call in program.calls()} == {
            ("answered", "caller")
        }
        for name in ("calls", "store_changes_waiting"):
            await program.until_metric(f"softswitch_{name}", 0)
        await program.until_metric("softswitch_media_ports_free", program.port_pairs, 15)
        await asyncio.sleep(25)
        for name in ("client_transactions", "server_transactions"):
            await program.until_metric(f"softswitch_{name}", 0, BACK_TO_ZERO - 25)
        assert await program.metric("softswitch_errors_total") == 0


@pytest.mark.timeout(150)
async def test_calls_over_tls(tmp_path: Path) -> None:
    """The SIPp of the distribution knows no TLS: a tunnel gives each of its connections one."""
    tls = make_tls(tmp_path / "tls")
    async with (
        running(tmp_path / "switch", SETTINGS, tls=tls) as program,
        tunnel(program.tls_port, trusting()) as port,
    ):
        plain = f"127.0.0.1:{program.sip_port}"
        callee = free_port()
        registering = Sipp(tmp_path, "register", port=free_port())
        await registering.start(plain, calls=100, rate=50, users=users(callee))
        assert (await registering.finish()).failed == 0
        answering = Sipp(tmp_path, "callee", port=callee)
        await answering.start(plain)
        calling = Sipp(tmp_path, "caller", port=free_port())
        await calling.start(
            f"127.0.0.1:{port}",
            calls=100,
            rate=20,
            users=users(callee),
            hold_ms=500,
            transport="tn",
            more=("-max_socket", "1000"),
        )
        called = await calling.finish(60)
        await answering.stop()
        assert (called.successful, called.failed) == (100, 0), called.text
        await program.until_metric("softswitch_connections", 0)


@asynccontextmanager
async def tunnel(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A port whose connections go on to another one by TLS."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, to_far = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        with suppress(ConnectionError):
            await asyncio.gather(carry(reader, to_far), carry(far, writer))

    near = free_port()
    async with await asyncio.start_server(join, "127.0.0.1", near):
        yield near


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass octets on, and the end of them."""
    while octets := await reader.read(65_536):
        writer.write(octets)
    writer.close()
