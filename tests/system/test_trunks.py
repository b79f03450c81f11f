"""Trunks with SIPp as the carrier: registration, calls out and in, failover, foreign realms.

Carriers live on 127.0.0.2, so that their network is not that of the phones.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from baresip import CallFailed

from tests.ports import free_port
from tests.system.phones import phones
from tests.system.program import Program, running, until
from tests.system.sipp import Outcome, Sipp

OUTSIDE = "127.0.0.2"

EXTENSIONS = """
[[extensions]]
type = "phone"
range = "1000-1001"
password = "pw{number}"
name = "Desk {number}"
"""


def trunk(name: str, port: int, *more: str) -> str:
    lines = (
        "[[trunks]]",
        f'name = "{name}"',
        f'host = "{OUTSIDE}:{port}"',
        'domain = "carrier.example"',
        'username = "account"',
        'password = "secret"',
        "keep_alive = 0",
        *more,
    )
    return "\n".join(lines) + "\n"


def route(to: str, number: str = "0*", *more: str) -> str:
    return "\n".join(("[[routes]]", f'number = "{number}"', f'to = "{to}"', *more)) + "\n"


OUT = ("strip = 1", 'prefix = "+49"')


@asynccontextmanager
async def carrier(
    directory: Path, scenario: str, port: int, calls: int, transport: str = "u1"
) -> AsyncIterator[Sipp]:
    """SIPp that waits for the switch; ends after so many calls, registrations among them."""
    sipp = Sipp(directory, scenario, port=port, address=OUTSIDE)
    await sipp.start("127.0.0.1:9", transport=transport, more=("-m", str(calls)))
    try:
        yield sipp
    finally:
        await sipp.stop()


@asynccontextmanager
async def answering(program: Program, directory: Path, number: str) -> AsyncIterator[None]:
    """A phone of ours that answers whatever comes."""
    port, target = free_port(), f"127.0.0.1:{program.sip_port}"
    registering = Sipp(directory, "register", port=free_port())
    credentials = f"[authentication username={number} password=pw{number}]"
    await registering.start(target, calls=1, users=[(number, credentials, str(port))])
    registered = await registering.finish(20)
    assert registered.successful == 1, registered.text
    phone = Sipp(directory, "callee", port=port)
    await phone.start(target)
    try:
        yield
    finally:
        await phone.stop()


async def brings(
    program: Program, directory: Path, scenario: str, number: str, address: str = OUTSIDE
) -> Outcome:
    """What becomes of a call for a number that the carrier brings."""
    sipp = Sipp(directory, scenario, port=free_port(), address=address)
    await sipp.start(f"127.0.0.1:{program.sip_port}", calls=1, users=[(number,)])
    return await sipp.finish(20)


async def state_of(program: Program, name: str, state: str, seconds: float = 10.0) -> None:
    """Wait until a line is in a state."""
    async with asyncio.timeout(seconds):
        while f'"{name}": "{state}"' not in await program.get("/healthz"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_registers_and_calls_out_with_a_challenge(tmp_path: Path, transport: str) -> None:
    port = free_port()
    settings = EXTENSIONS + trunk("carrier", port, "register = true", f'transport = "{transport}"')
    settings += route("trunk:carrier", "0*", *OUT, 'extensions = ["1000"]')
    async with (
        carrier(tmp_path, "carrier", port, calls=2, transport=f"{transport[0]}1") as line,
        running(tmp_path, settings) as program,
        phones() as makers,
    ):
        await state_of(program, "carrier", "up")
        assert await program.metric("softswitch_trunk_up") == 1
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        await call.wait_established(timeout=10)
        assert await program.metric("softswitch_trunk_calls") == 1
        ben = await makers.register(program, "1001")
        forbidden = await ben.dial("030123")
        with pytest.raises(CallFailed, match="403"):
            await forbidden.wait_established(timeout=10)
        await call.hangup()
        outcome = await line.finish(20)
        assert (outcome.successful, outcome.failed) == (2, 0), outcome.text
        await until(lambda: len([c for c in program.calls() if c["outcome"]]) == 2)
        out, refused = program.calls()
        assert (out["direction"], out["destination"]) == ("Outbound", "carrier")
        assert (out["outcome"], out["dialed"]) == ("answered", "030123")
        assert refused["caller_code"] == 403


@pytest.mark.timeout(60)
async def test_calls_come_in_from_the_carrier_alone_and_go_nowhere_else(tmp_path: Path) -> None:
    settings = EXTENSIONS + trunk("carrier", free_port(), f'networks = ["{OUTSIDE}/32"]')
    settings += route("extension:*", "4930*", "strip = 4") + route("trunk:carrier")
    async with running(tmp_path, settings) as program, answering(program, tmp_path, "1000"):
        outcome = await brings(program, tmp_path, "carrier_calls", "49301000")
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.text
        outcome = await brings(program, tmp_path, "carrier_is_refused", "030123")
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.text
        unknown = await brings(
            program, tmp_path, "carrier_is_refused", "49301000", address="127.0.0.3"
        )
        assert unknown.failed == 1
        assert "401" in unknown.text
        await until(lambda: len([c for c in program.calls() if c["outcome"]]) == 2)
        answered, refused = program.calls()
        assert (answered["direction"], answered["source"]) == ("Inbound", "carrier")
        assert (answered["caller_id"], answered["caller_name"]) == ("0151", "Outside")
        assert (answered["outcome"], answered["destination"]) == ("answered", "1000")
        assert refused["caller_code"] == 403


@pytest.mark.timeout(60)
async def test_the_next_line_takes_what_one_refuses(tmp_path: Path) -> None:
    broken, good = free_port(), free_port()
    settings = EXTENSIONS + trunk("broken", broken) + trunk("good", good)
    settings += route("trunk:broken") + route("trunk:good", "0*", *OUT)
    async with (
        carrier(tmp_path, "carrier_refuses", broken, calls=1) as refusing,
        carrier(tmp_path, "carrier", good, calls=1) as line,
        running(tmp_path, settings) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        await call.wait_established(timeout=10)
        await call.hangup()
        for sipp in (refusing, line):
            outcome = await sipp.finish(20)
            assert (outcome.successful, outcome.failed) == (1, 0), outcome.text
        assert await program.metric("softswitch_trunk_failures_total") == 1
        await until(lambda: [c["destination"] for c in program.calls()] == ["good"])


@pytest.mark.timeout(60)
async def test_a_foreign_realm_gets_no_credentials(tmp_path: Path) -> None:
    port = free_port()
    settings = EXTENSIONS + trunk("carrier", port) + route("trunk:carrier")
    async with (
        carrier(tmp_path, "carrier_phishes", port, calls=1) as line,
        running(tmp_path, settings) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        with pytest.raises(CallFailed):
            await call.wait_established(timeout=10)
        outcome = await line.finish(20)
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.text
        assert "challenge not answered" in program.log()


@pytest.mark.timeout(60)
async def test_a_command_connects_a_phone_with_a_number_outside(tmp_path: Path) -> None:
    port = free_port()
    settings = EXTENSIONS + trunk("carrier", port) + route("trunk:carrier", "0*", *OUT)
    async with (
        carrier(tmp_path, "carrier", port, calls=1) as line,
        running(tmp_path, settings) as program,
        answering(program, tmp_path, "1000"),
    ):
        started = await program.command("CallSetup", Caller="1000", Callee="030123")
        await until(lambda: "InCall" in program.log())
        await program.command("Hangup", CallId=str(started["CallId"]))
        outcome = await line.finish(20)
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.text
        history = await program.command("ListCallHistory", Direction="Outbound")
        assert "carrier" in str(history)
        assert "carrier" not in str(await program.command("ListExtensions"))


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """The UDP port of a far end that hears everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((OUTSIDE, 0))
        yield deaf.getsockname()[1]


@pytest.mark.timeout(60)
async def test_a_line_that_answers_nothing_is_left_in_seconds_and_then_passed_over(
    tmp_path: Path,
) -> None:
    good = free_port()
    async with silence() as dead:
        settings = EXTENSIONS + trunk("dead", dead, "timeout = 2.5") + trunk("good", good)
        settings += route("trunk:dead") + route("trunk:good", "0*", *OUT)
        settings += route("trunk:dead", "9*")
        async with (
            carrier(tmp_path, "carrier", good, calls=2) as line,
            running(tmp_path, settings) as program,
            phones() as makers,
        ):
            anna = await makers.register(program, "1000")
            seconds = []
            for _ in range(2):
                before = time.monotonic()
                call = await anna.dial("030123")
                await call.wait_established(timeout=10)
                seconds.append(time.monotonic() - before)
                await call.hangup()
            assert seconds[0] > 2.5
            assert seconds[1] < 2
            call = await anna.dial("9123")
            with pytest.raises(CallFailed, match="503"):
                await call.wait_established(timeout=2)
            outcome = await line.finish(20)
            assert (outcome.successful, outcome.failed) == (2, 0), outcome.text
            assert "outside line failed" in program.log()
            assert "no response in 2.5 s" in program.log()
            assert "outside line passed over" in program.log()


@pytest.mark.timeout(60)
async def test_options_tell_in_seconds_that_a_line_is_down(tmp_path: Path) -> None:
    async with silence() as dead:
        asked = trunk("dead", dead, "timeout = 1").replace("keep_alive = 0", "keep_alive = 5")
        async with running(tmp_path, EXTENSIONS + asked) as program:
            await state_of(program, "dead", "down", 8)
            assert "OPTIONS: no response in 1 s" in program.log()
