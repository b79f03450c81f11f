"""Messages through the running program: phones, the API, scripts, SMS centres, crashes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import smpplib.client
import smpplib.exceptions

from tests.messaging.smpp.foreign_centre import ForeignCentre
from tests.ports import free_port
from tests.postgresql import mappings
from tests.system.application import application
from tests.system.peer import Peer, header, peers, status
from tests.system.program import REPOSITORY, Program, running
from tests.system.sipp import Sipp

PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""
TEXTS = ["hello", "grüß dich €", "日本語 👍", "שלום", "x" * 1000]


def rows(program: Program, **wanted: str) -> list[dict[str, Any]]:
    """The messages as they stand on disk."""
    found = mappings(program.database_url, "SELECT * FROM messages")
    return [row for row in found if wanted.items() <= row.items()]


def text_to(peer: Peer, number: str, text: str) -> str:
    return peer.new("MESSAGE", number, text, "Content-Type: text/plain;charset=UTF-8")


async def take(peer: Peer, count: int, seconds: float = 10.0) -> list[str]:
    """Take so many messages as a phone does; the requests."""
    taken = []
    async with asyncio.timeout(seconds):
        while len(taken) < count:
            request = await peer.request("MESSAGE", seconds)
            peer.respond(request, 200)
            taken.append(request)
    return taken


def body(text: str) -> str:
    return text.partition("\r\n\r\n")[2]


async def json_api(
    program: Program, action: str, value: object = None, *, user: str = "admin", **query: str
) -> tuple[int, dict[str, Any]]:
    """What the JSON dialect answers."""
    url = f"http://127.0.0.1:{program.http_port}/api"
    login = {"Authorization": aiohttp.encode_basic_auth(user, f"pw-{user}")}
    method = "GET" if value is None else "POST"
    async with (
        aiohttp.ClientSession(headers=login) as session,
        session.request(method, url, params={"action": action, **query}, json=value) as answer,
    ):
        return answer.status, await answer.json()


async def send(program: Program, messages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    code, answer = await json_api(program, "sendmsg", {"messages": list(messages)})
    assert (code, answer["response_code"]) == (200, "SUCCESS"), answer
    return dict(answer["data"])


async def test_phones_write_to_each_other_and_wait_for_each_other(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000", "1001") as (a, b):
        await b.register()
        for text in TEXTS:
            asking = asyncio.create_task(a.ask(text_to(a, "1001", text)))
            (request,) = await take(b, 1)
            assert body(request) == text
            assert "sip:1000@" in header(request, "From")
            assert status(await asking) == 200
        await b.register(expires=0)
        for text in TEXTS:
            assert status(await a.ask(text_to(a, "1001", text))) == 202
        assert len(rows(program, state="queued")) == len(TEXTS)
        await b.register()
        taken = await take(b, len(TEXTS))
        assert sorted(map(body, taken)) == sorted(TEXTS)
        assert status(await a.ask(text_to(a, "4711", "x"))) == 404


async def test_unknown_senders_and_forgers_leave_nothing_behind(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000", "1001") as (a, b):
        await b.register()
        assert status(await a.final(text_to(a, "1001", "no password"))) == 401
        forged = text_to(a, "1001", "forged").replace("From: <sip:1000@", "From: <sip:1002@")
        challenge = await a.final(forged)
        assert status(await a.final(a.proven(forged, challenge))) == 403
        command = text_to(a, "1001", "api originate 1002 reload")
        asking = asyncio.create_task(a.ask(command))
        await take(b, 1)
        await asking
        assert [row["text"] for row in rows(program)] == ["api originate 1002 reload"]
        assert b.inbox.empty()


async def test_a_message_that_is_repeated_is_one(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000") as (a,):
        assert status(await a.ask(text_to(a, "1001", "once"))) == 202
        await program.kill()
        await program.start()
        challenge = await a.final(a.new("OPTIONS", None))
        assert status(challenge) in (200, 401)
        a.send(a.last)
        assert status(await a.hear(lambda said: status(said) >= 200)) in (202, 401)
        assert len(rows(program)) == 1


async def test_an_application_is_told_and_its_answer_runs(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/sms"] = (
            '<Response><SendMsg ToConnection="sip@localhost" ToAddress="1000">'
            "thank you</SendMsg></Response>"
        )
        settings = f"""{PHONES}
[[extensions]]
number = "9000"
type = "api"
url = "{app.url("/sms")}"
"""
        async with running(tmp_path, settings) as program, peers(program, "1000") as (a,):
            await a.register()
            assert status(await a.ask(text_to(a, "9000", "order 7"))) == 200
            told = await app.heard("IncomingSMS")
            assert (told["Sender"], told["Recipient"]) == ("1000", "9000")
            assert told["Message"] == "order 7"
            (request,) = await take(a, 1)
            assert body(request) == "thank you"
            assert "sip:9000@" in header(request, "From")
            answer = await program.command("ReceiveMessage", AfterDownload="delete")
            assert [row["MessageData"] for row in answer["Messages"]] == ["order 7"]  # type: ignore[attr-defined]
            assert (await program.command("ReceiveMessage"))["Messages"] == []


async def test_a_crash_between_the_answer_and_the_phone_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1001") as (phone,):
        answers: list[dict[str, Any]] = []

        async def flood() -> None:
            number = 0
            while True:
                batch = [{"to_address": "1001", "text": f"{n}"} for n in range(number, number + 5)]
                answers.extend((await send(program, batch))["messages"])
                number += 5

        flooding = asyncio.create_task(flood())
        async with asyncio.timeout(20):
            while len(answers) < 60:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await program.kill()
        with pytest.raises(aiohttp.ClientError):
            await flooding
        accepted = {answer["message_id"] for answer in answers if answer["status"] == "SUCCESS"}
        assert len(accepted) == len(answers)
        await program.start()
        await phone.register()
        taken = await take(phone, len(rows(program)), 20)
        assert phone.inbox.empty()
        ids = [header(request, "Call-ID").rpartition("-")[0] for request in taken]
        assert len(ids) == len(set(ids))
        assert accepted <= set(ids)


def sms(port: int, **more: object) -> str:
    lines = "\n".join(f"{key} = {value}" for key, value in more.items())
    return f"""{PHONES}
[[connections]]
name = "sms"
type = "smpp"
host = "127.0.0.1"
port = {port}
system_id = "switch"
password = "secret"
source = "3670"
{lines}
"""


async def test_sms_out_receipts_back_and_sms_in(tmp_path: Path) -> None:
    port = free_port()
    async with (
        application() as app,
        ForeignCentre(port) as centre,
        running(tmp_path, sms(port) + '[guard]\nfetch_allow = ["127.0.0.0/8"]') as program,
        peers(program, "1000") as (phone,),
    ):
        await phone.register()
        answer = await program.command(
            "SendSms", Recipient="+361", Message="Your code", DeliveryReportURL=app.url("/report")
        )
        assert answer["Code"] == 200, answer
        (submitted,) = await centre.until(1)
        assert (submitted.source_addr, submitted.destination_addr) == ("3670", "361")
        assert submitted.short_message == b"Your code"
        await centre.deliver(b"id:net-1 stat:DELIVRD err:000", esm_class=4)
        told = await app.heard("SMSDeliveryReport")
        assert (told["SmsId"], told["Status"]) == (answer["SmsId"], "Delivered")
        (row,) = rows(program, id=str(answer["SmsId"]))
        assert (row["state"], row["folder"]) == ("delivered", "sent")
        await centre.deliver(b"to a phone", destination="1000")
        (request,) = await take(phone, 1)
        assert body(request) == "to a phone"
        await centre.deliver(b"to nobody", destination="3670")
        code, inbox = await json_api(program, "receivemsg", folder="inbox")
        assert [message["text"] for message in inbox["data"]["messages"]] == ["to nobody"]
        ids = [message["message_id"] for message in inbox["data"]["data"]]
        code, deleted = await json_api(
            program, "deletemsg", {"folder": "inbox", "message_ids": [*ids, "none"]}
        )
        assert (code, deleted["data"]["message_ids"]) == (200, ids)
        assert deleted["data"]["failed_count"] == 1


async def test_a_crash_between_the_answer_and_the_centre_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with running(tmp_path, sms(port)) as program:
        texts = [f"number {n}" for n in range(50)]
        data = await send(program, [{"to_address": "+361", "text": text} for text in texts])
        assert data["success_count"] == 50
        await program.kill()
        async with ForeignCentre(port) as centre:
            await program.start()
            submitted = await centre.until(50, 20)
            await asyncio.sleep(0.3)
            assert sorted(one.short_message.decode() for one in submitted) == sorted(texts)


async def test_the_json_dialect_refuses(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program:
        code, answer = await json_api(program, "sendmsg", {"messages": []}, user="nobody")
        assert (code, answer["response_code"]) == (401, "AUTHENTICATION_FAILED")
        half = {"messages": [{"to_address": "1001", "text": "half a character: \ud83d"}]}
        for value in ({}, {"messages": []}, {"messages": {}}, [], "x", half):
            code, answer = await json_api(program, "sendmsg", value)
            assert (code, answer["response_code"]) == (400, "BAD_REQUEST")
        bad = [
            {"to_address": "+361", "text": "no route"},
            {"to_address": "1001\r\nX: y", "text": "forged"},
            {"to_address": "1001", "text": 7},
            {"to_address": "1001", "text": "nul \0"},
            {"to_address": "1001", "text": "x", "time_to_send": "soon"},
            "no object",
        ]
        code, answer = await json_api(program, "sendmsg", {"messages": bad})
        assert answer["data"]["failed_count"] == len(bad)
        assert rows(program) == []
        code, answer = await json_api(program, "receivemsg", folder="attic")
        assert code == 400


async def test_the_older_dialect(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000") as (phone,):
        await phone.register()
        login = {"username": "admin", "password": "pw-admin"}
        text = await program.get(
            "/api",
            action="sendmessage",
            recipient="1000,+361",
            messagedata="Hello <World>",
            **login,
        )
        assert text.count("<acceptreport>") == 2
        assert "<statuscode>0</statuscode>" in text
        assert "<statuscode>501</statuscode>" in text
        (request,) = await take(phone, 1)
        assert body(request) == "Hello <World>"
        assert "<errorcode>305<" in await program.get(
            "/api", action="sendmessage", username="admin", password="wrong"
        )
        text = await program.get("/api", action="receivemessage", folder="outbox", **login)
        assert "<action>receivemessage</action>" in text
        numbered = {"recipient0": "+361", "messagedata0": "one", "recipient1": "1000"}
        text = await program.get(
            "/api",
            action="SendMessage",
            messagecount="2",
            messagedata1="two",
            maxresponse="1",
            responseformat="json",
            **numbered,
            **login,
        )
        (report,) = json.loads(text)["response"]["data"]["acceptreport"]
        assert (report["statuscode"], report["recipient"]) == ("501", "+361")
        (request,) = await take(phone, 1)
        assert body(request) == "two"
        page = await program.get(
            "/api", action="receivemessage", folder="sent", responseformat="html", **login
        )
        assert "<td>Hello &lt;World&gt;</td>" in page
        ids = []
        for after in ("mark", "leave"):
            text = await program.get(
                "/api", action="receivemessage", folder="sent", afterdownload=after, **login
            )
            times = re.findall(r"<senttime>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d</senttime>", text)
            assert len(times) == text.count("<message>")
            ids.append(set(re.findall("<messageid>(.+)</messageid>", text)))
        marked, left = ids
        assert marked
        assert not marked & left


async def terminal(program: Program, *words: str) -> tuple[int, str]:
    """`softswitch messages …`: its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "softswitch", "messages", *words,
        "--config", str(program.settings_file),
        cwd=program.directory,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_the_terminal_sends_lists_and_says(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000") as (phone,):
        code, output = await terminal(program, "send", "1000", "from the terminal")
        assert code == 0, output
        (request,) = await take(phone, 1)
        assert header(request, "Call-ID").startswith(output.strip())
        code, output = await terminal(program, "list", "notsent")
        assert (code, output) == (0, "there are no messages in notsent\n")
        code, output = await terminal(program, "list", "sent")
        assert (code, "from the terminal" in output) == (0, True), output
        code, output = await terminal(program, "send", "+361", "nowhere")
        assert (code, "no route" in output) == (1, True), output
        code, output = await terminal(program, "say", "understood")
        assert code == 0, output
        (row,) = rows(program, from_connection="admin")
        assert (row["text"], row["folder"]) == ("understood", "inbox")
        assert await program.metric("softswitch_messages_accepted_total") == 2


async def test_scripts_wait_for_their_own_messages(tmp_path: Path) -> None:
    script = tmp_path / "wait.xml"
    script.write_text(
        '<Response><Beep/><WaitForMsg FromConnection="sip@localhost" FromAddress="$callerid" '
        'ID="reply" Timeout="20"/><SendMsg ToConnection="sip@localhost" ToAddress="$callerid">'
        "you wrote $reply</SendMsg></Response>"
    )
    settings = f"""{PHONES}
[[extensions]]
number = "600"
type = "ivr"
script = "{script}"
[[extensions]]
number = "9000"
type = "api"
url = "http://127.0.0.1:9/"
"""
    numbers = ("1000", "1001", "1002")
    async with running(tmp_path, settings) as program, peers(program, *numbers) as phones:
        dialogs = []
        for phone in phones:
            invite = await phone.invite("600")
            dialogs.append(phone.established(invite, await phone.answer_to(invite)))
        await asyncio.sleep(2.5)
        for phone in reversed(phones):
            assert status(await phone.ask(text_to(phone, "9000", f"from {phone.number}"))) == 200
        for phone in phones:
            (request,) = await take(phone, 1)
            assert body(request) == f"you wrote from {phone.number}"


@pytest.mark.sqlite("a server may have another disk, of which the switch knows nothing")
async def test_a_full_disk_accepts_nothing_and_says_so(tmp_path: Path) -> None:
    settings = f"{PHONES}\n[messages]\nreserve = 1000000000\n"
    async with running(tmp_path, settings) as program, peers(program, "1000", "1001") as (a, b):
        assert status(await a.ask(text_to(a, "1001", "x"))) == 503
        _, answer = await json_api(
            program, "sendmsg", {"messages": [{"to_address": "1001", "text": "x"}]}
        )
        assert answer["data"]["failed_count"] == 1
        assert (await program.command("SendSms", Recipient="1001", Message="x"))["Code"] == 501
        assert rows(program) == []
        assert b.inbox.empty()
        assert await program.metric("softswitch_messages_refused_total") == 3


def submit(port: int, texts: list[str], taken: list[str]) -> None:
    """A foreign client: submits and notes what was answered, until the connection breaks."""
    client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: taken.append(pdu.message_id.decode()))
    try:
        client.connect()
        client.bind_transceiver(system_id="partner", password="secret")
        for text in texts:
            client.send_message(
                source_addr="77", destination_addr="1001", short_message=text.encode()
            )
            client.read_once()
    except (smpplib.exceptions.ConnectionError, smpplib.exceptions.PDUError, OSError):
        pass


async def test_what_a_foreign_client_submits_survives_a_crash_and_reaches_the_phone(
    tmp_path: Path,
) -> None:
    port = free_port()
    settings = f"""{PHONES}
[[connections]]
name = "smsc"
type = "smpp-server"
listen = "127.0.0.1:{port}"
accounts = [{{ system_id = "partner", password = "secret" }}]
"""
    async with running(tmp_path, settings) as program, peers(program, "1001") as (phone,):
        await phone.register(expires=0)
        taken: list[str] = []
        texts = [f"number {n}" for n in range(1_000)]
        submitting = asyncio.create_task(asyncio.to_thread(submit, port, texts, taken))
        async with asyncio.timeout(20):
            while len(taken) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await program.kill()
        await submitting
        await program.start()
        stored = {row["id"] for row in rows(program)}
        assert set(taken) <= stored
        assert len(stored) <= len(taken) + 1
        await phone.register()
        received = await take(phone, len(stored), 20)
        ids = [header(request, "Call-ID").rpartition("-")[0] for request in received]
        assert sorted(ids) == sorted(stored)


async def test_sipp_writes_to_a_sipp_that_registers_later(tmp_path: Path) -> None:
    count = 200
    async with running(tmp_path, PHONES) as program:
        target = f"127.0.0.1:{program.sip_port}"
        login = "[authentication username={0} password=pw{0}]"
        writer = Sipp(tmp_path / "writer", "message", port=free_port())
        await writer.start(
            target, calls=count, rate=100, users=[("1000", login.format("1000"), "1001")]
        )
        written = await writer.finish()
        assert (written.successful, written.failed) == (count, 0), written.text
        assert len(rows(program, state="queued")) == count
        reader = Sipp(tmp_path / "reader", "reader", port=free_port())
        await reader.start(target, more=["-m", str(count)])
        phone = Sipp(tmp_path / "phone", "register", port=free_port())
        user = ("1001", login.format("1001"), str(reader.port))
        await phone.start(target, calls=1, users=[user])
        assert (await phone.finish()).failed == 0
        read = await reader.finish()
        assert (read.successful, read.failed) == (count, 0), read.text
        async with asyncio.timeout(5):
            while len(rows(program, state="delivered")) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
