"""Applications that were written for this API run unchanged, with real phones."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import aiohttp
import pytest

from tests.system.applications import menu, reminder
from tests.system.applications.message_client import MessageClient
from tests.system.applications.web_server import MANNERS, page_server
from tests.system.peer import peers
from tests.system.phones import Ear, gone, phones
from tests.system.program import Program, running
from tests.system.test_commands import PHONES
from tests.system.test_messaging import take


def api_extension(url: str) -> str:
    return f"""
[notifications]
incoming_call = "{url}"
[[extensions]]
number = "9000"
type = "api"
{PHONES}
"""


def base_of(program: Program) -> str:
    return f"http://127.0.0.1:{program.http_port}"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("manner", MANNERS)
async def test_a_menu_runs_whatever_type_its_server_gives_it(tmp_path: Path, manner: str) -> None:
    async with (
        page_server(MANNERS[manner], menu.PAGES) as server,
        running(tmp_path, api_extension(server.url("/index.php"))) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        call = await anna.dial("9000")
        assert (await server.next("/index.php"))["NotificationName"] == "IncomingCall"
        await call.wait_established(timeout=10)
        async with Ear(call, 440) as ear:
            await ear.hears(500, span=0.25)
            await call.send_dtmf("1")
            assert (await server.next("/hours.php"))["from"] == "main menu"
            await ear.hears(1_800, span=0.25)
            form = await server.next("/recorded.php")
            await gone(call, 10)
        assert form["NotificationName"] == "RecordCompleted"
        async with aiohttp.ClientSession() as session, session.get(form["RecordURL"]) as response:
            assert (await response.read()).startswith(b"RIFF")
        log = program.log()
        assert "unknown parameter 'ExecuteSQL'" in log
        assert "unknown parameter 'Party'" in log


@pytest.mark.timeout(60)
@pytest.mark.parametrize("manner", MANNERS)
async def test_a_reminder_calls_and_hears_the_answer(tmp_path: Path, manner: str) -> None:
    async with (
        page_server(MANNERS[manner], reminder.PAGES) as server,
        running(tmp_path, PHONES + '[guard]\nfetch_allow = ["127.0.0.0/8"]\n') as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        answer = await reminder.remind(
            f"{base_of(program)}/", server.url("/answered.php"), "1000", "John Smith", "5:30 PM"
        )
        assert ElementTree.fromstring(answer).findtext("Code") == "200", answer
        call = await anna.rings()
        await call.answer()
        fields = await server.next("/answered.php")
        assert fields["NotificationName"] == "CallConnected"
        assert (fields["patient"], fields["time"]) == ("John Smith", "5:30 PM")
        async with Ear(call, None) as ear:
            await ear.hears(600, 0.8)
            await call.send_dtmf("1")
            fields = await server.next("/confirm.php")
            assert (fields["patient"], fields["DtmfDigits"]) == ("John Smith", "1")
            await gone(call, 10)
        history = await program.command("ListCallHistory", State="callEEhungup")
        assert history["Code"] == 200


@pytest.mark.timeout(60)
async def test_a_client_sends_and_reads_messages(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000") as (phone,):
        await phone.register()
        client = MessageClient(f"{base_of(program)}/api", "admin", "pw-admin")
        identity = await client.send("1000", "Grüße", "2031-05-06T07:08:09")
        await take(phone, 1)
        for _ in range(50):
            if await client.folder("sent"):
                break
            await asyncio.sleep(0.1)
        [message] = await client.folder("sent")
        assert message.id == identity
        assert (message.to, message.text) == ("1000", "Grüße")
        assert message.valid_until == datetime(2031, 5, 6, 7, 8, 9)
        assert abs((message.created - datetime.now()).total_seconds()) < 60


@pytest.mark.timeout(60)
async def test_a_program_watches_calls_in_xml_and_sends_its_command_as_json(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        await incoming.answer()
        await outgoing.wait_established(timeout=10)
        login = {"username": "admin", "password": "pw-admin"}
        async with aiohttp.ClientSession() as session:
            query = {"command": "ListActiveCalls", "_": "1700000000000", **login}
            async with session.get(f"{base_of(program)}/api/", params=query) as response:
                root = ElementTree.fromstring(await response.text())
            started = root.findtext("ActiveCalls/Call/StartTime") or ""
            assert datetime.strptime(started, "%Y-%m-%d %H:%M:%S")
            call_id = root.findtext("ActiveCalls/Call/CallId")
            body = {"Command": "Hangup", "CallId": call_id, **login}
            async with session.post(f"{base_of(program)}/", json=body) as response:
                assert "<Code>200</Code>" in await response.text()
        await gone(outgoing)
        await gone(incoming)
