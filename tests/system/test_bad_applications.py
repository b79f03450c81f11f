"""Applications that are slow, endless, redirecting, or send what is no script; URLs that must not
be fetched: on real calls, where the caller must hear something and the call must end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.application import application
from tests.system.phones import Ear, gone, phones
from tests.system.program import running
from tests.system.signals import share
from tests.system.test_commands import ivr, with_application


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("path", "answer", "part"),
    [
        ("/incoming", "<!DOCTYPE html><html><body>Oops</body></html>", "document type"),
        ("/incoming", "<Response>" + "<a>" * 100_000, "nested deeper than 64"),
        ("/incoming", "<Response><GoTo>/incoming</GoTo></Response>", "more than 100 GoTo"),
        ("/redirect", "/redirect", "more than 3 redirects"),
        ("/redirect", "http://169.254.169.254/latest", "do not allow this address"),
        ("/endless", "", "larger than"),
        ("/slow", "", "no complete answer in"),
    ],
)
async def test_the_caller_hears_that_the_application_is_broken(
    tmp_path: Path, path: str, answer: str, part: str
) -> None:
    async with application() as app:
        settings = with_application(app).replace("/incoming", path)
        app.answers[path] = answer
        app.delays["/slow"] = 60
        async with running(tmp_path, settings) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            form = await app.heard("Error", seconds=25)
            assert form["Code"] == "300"
            assert part in form["Message"]
            await call.wait_established(timeout=10)
            async with Ear(call, None) as ear:
                await gone(call, 10)
            assert share(bytes(ear.heard), 480) + share(bytes(ear.heard), 620) > 0.5


@pytest.mark.timeout(60)
async def test_urls_of_scripts_reach_only_what_the_settings_allow(tmp_path: Path) -> None:
    async with application() as app:
        script = f"""<Response>
            <Play>{app.url("/loopback.wav")}</Play>
            <Play>http://169.254.169.254/latest</Play>
            <Play>http://[::ffff:127.0.0.1]:{app.port}/x.wav</Play>
            <Play>http://0x7f000001:{app.port}/x.wav</Play>
            <Play>http://localhost:{app.port}/x.wav</Play>
            <Play>../../../../etc/passwd</Play>
            <Play>/etc/passwd</Play>
            <Beep Frequency='700'/>
            <GoTo>{app.url("/secret")}</GoTo></Response>"""
        async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("600")
            await call.wait_established(timeout=10)
            async with Ear(call, None) as ear:
                await gone(call, 15)
            heard = bytes(ear.heard)
            assert share(heard, 480) + share(heard, 620) > 0.5
            assert program.log().count("do not allow this address") >= 5
            assert program.log().count("no such file") + program.log().count("not below") >= 2
            await asyncio.sleep(0.2)
            assert app.posted.empty()
