"""An application that chooses the way of calls: hop by hop, or not at all when it is down."""

from __future__ import annotations

from pathlib import Path

import pytest
from baresip import CallFailed

from tests.ports import free_port
from tests.system.application import WebApplication, application
from tests.system.phones import Ear, gone, phones
from tests.system.program import running, until
from tests.system.test_commands import PHONES
from tests.system.test_trunks import carrier, trunk


def asking(app: WebApplication, path: str = "/route") -> str:
    url = app.url(path)
    return f'[notifications]\nrouting_interception = "{url}"\nerror = "{app.url("/error")}"\n' + (
        PHONES
    )


def to(destination: str, more: str = "") -> str:
    return f"<Response><Route Destination='{destination}' {more}/></Response>"


@pytest.mark.timeout(60)
async def test_the_next_hop_when_nobody_answers(tmp_path: Path) -> None:
    async with application() as app:
        app.once["/route"] = [
            to("4711"),
            to("1001", "RingTime='1' CallerId='777'"),
            to("1002"),
            to("1003"),
        ]
        async with running(tmp_path, asking(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            ben = await makers.register(program, "1001")
            carl = await makers.register(program, "1002")
            dora = await makers.register(program, "1003")
            call = await anna.dial("8888")
            first = await app.heard("RoutingInterception")
            assert {name: first[name] for name in first if name not in ("path", "cookie")} == {
                "NotificationName": "RoutingInterception",
                "CallId": first["CallId"],
                "CallerID": "1000",
                "OriginalDialedNumber": "8888",
                "LastDialedNumber": "8888",
                "LastCalledExtension": "",
                "LastCallState": "Calling",
                "CallerExtension": "1000",
            }
            form = await app.heard("RoutingInterception")
            assert (form["LastCallState"], form["LastCalledExtension"]) == ("NotFound", "4711")
            at_ben = await ben.rings()
            active = await program.command("ListActiveCalls")
            assert active["ActiveCalls"][0]["Source"] == "777"
            form = await app.heard("RoutingInterception")
            assert (form["LastCallState"], form["LastCalledExtension"]) == ("NoAnswer", "1001")
            await gone(at_ben)
            at_carl = await carl.rings()
            await at_carl.hangup()
            form = await app.heard("RoutingInterception")
            assert (form["LastCallState"], form["LastCalledExtension"]) == ("Busy", "1002")
            at_dora = await dora.rings()
            await at_dora.answer()
            await call.wait_established(timeout=10)
            async with Ear(call, 440) as ear, Ear(at_dora, 1_200):
                await ear.hears(1_200)
            await call.hangup()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("answer", ["", "<Response/>", "<html>", "<Response><Beep/></Response>"])
async def test_the_dial_plan_decides_without_a_route(tmp_path: Path, answer: str) -> None:
    async with application() as app:
        app.answers["/route"] = answer
        async with running(tmp_path, asking(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            ben = await makers.register(program, "1001")
            call = await anna.dial("1001")
            await (await ben.rings()).answer()
            await call.wait_established(timeout=10)
            await call.hangup()


@pytest.mark.timeout(60)
async def test_the_dial_plan_decides_when_the_application_is_down(tmp_path: Path) -> None:
    app = WebApplication()
    async with running(tmp_path, asking(app)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        call = await anna.dial("1001")
        await (await ben.rings()).answer()
        await call.wait_established(timeout=10)
        await call.hangup()


@pytest.mark.timeout(60)
async def test_an_empty_destination_rejects(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/route"] = to("")
        async with running(tmp_path, asking(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("1001")
            with pytest.raises(CallFailed, match="603"):
                await call.wait_established(timeout=10)


@pytest.mark.timeout(60)
async def test_a_caller_who_hangs_up_while_the_application_thinks(tmp_path: Path) -> None:
    async with application() as app:
        app.delays["/route"] = 5.0
        async with running(tmp_path, asking(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("1001")
            await app.heard("RoutingInterception")
            await call.hangup()
            await gone(call)
            assert (await program.command("ListActiveCalls"))["ActiveCalls"] == []


@pytest.mark.timeout(60)
async def test_a_route_through_an_outside_line(tmp_path: Path) -> None:
    port = free_port()
    async with application() as app:
        app.answers["/route"] = to("provider", "DialedNumber='234567'")
        settings = trunk("provider", port, "register = false") + asking(app)
        async with (
            running(tmp_path, settings) as program,
            carrier(tmp_path, "callee", port, 1),
            phones() as makers,
        ):
            anna = await makers.register(program, "1000")
            call = await anna.dial("8888")
            await call.wait_established(timeout=10)
            await call.hangup()
            # The record says so once it is complete.
            await until(lambda: [row["direction"] for row in program.calls()] == ["Outbound"])
            history = await program.command("ListCallHistory", Direction="Outbound")
            assert history["CallHistory"][0]["Destination"] == "provider"
            assert "sip:234567@" in program.log()
