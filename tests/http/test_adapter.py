"""`/api` with the simulated switch behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledCall
from softswitch.commands.base.switch_context import HistoryPage
from softswitch.guard.bans import Bans, BanTerms
from softswitch.http import adapter
from softswitch.http.adapter import CommandApi
from softswitch.http.users import Users
from softswitch.ozml.loading import Severity
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.terminal.simulation import (
    SimulatedCall,
    SimulatedParty,
    SimulatedSwitch,
    sounds_below,
)

LOGIN = {"Username": "admin", "Password": "s3cret"}


class Bench:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.call = SimulatedCall(SimulatedParty(self.lines.append, self.no_keys))
        self.tasks: list[asyncio.Future[None]] = []

    async def no_keys(self) -> str:
        return ""

    def find(self, call_id: str) -> ControlledCall:
        if call_id != "simulated":
            raise CommandError(Code.CALL_NOT_FOUND, call_id)
        return self.call


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def severity() -> Severity:
    return Severity()


@pytest.fixture
async def client(
    bench: Bench, severity: Severity
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def report(_error: CommandError, _fields: object, _url: object) -> None:
        return None

    context = ScriptContext(
        switch=SimulatedSwitch(bench.lines.append),
        applications=None,  # type: ignore[arg-type]
        find_call=bench.find,
        find_sound=sounds_below(Path("/nonexistent")),
        report=report,
        start=lambda work: bench.tasks.append(asyncio.ensure_future(work)),
        severity=severity,
    )
    app = web.Application()
    app.add_routes(
        CommandApi(lambda whose: replace(context, whose=whose), Users({"admin": "s3cret"})).routes()
    )
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(client: TestClient[web.Request, web.Application], **fields: str) -> tuple[int, str]:
    response = await client.get("/api", params={**fields, "format": "json"})
    assert response.status == 200
    answer = await response.json()
    return answer["Code"], answer["Message"]


@pytest.mark.parametrize(
    ("fields", "code", "part"),
    [
        ({}, 304, "Authentication required"),
        ({"command": "Hangup"}, 304, "Authentication required"),
        ({**LOGIN, "Password": "x"}, 305, "bad username or password"),
        ({"Username": "nobody", "Password": "\0"}, 305, "bad username or password"),
        (LOGIN, 300, "command is missing"),
        ({**LOGIN, "command": "Sing"}, 301, "Not implemented command: 'Sing'"),
        ({**LOGIN, "command": "dial"}, 301, "'dial'. Did you mean CallSetup?"),
        ({**LOGIN, "command": "Spek"}, 301, "Did you mean Speak?"),
        ({**LOGIN, "command": "ListCallHistory", "Limit": "0"}, 302, "Limit cannot be '0'"),
        ({**LOGIN, "command": "Exit"}, 303, "Command 'Exit' cannot be used here"),
        ({**LOGIN, "command": "Hold", "CallId": "gone"}, 601, "Call not found with ID 'gone'"),
        ({**LOGIN, "command": "Speak", "CallId": "simulated"}, 302, "Text is missing"),
        ({**LOGIN, "command": "Speak", "Txt": "a"}, 302, "did you mean 'Text'?"),
        (
            {**LOGIN, "command": "Play", "CallId": "simulated", "AudioFile": "../x.wav"},
            302,
            "no such file",
        ),
    ],
)
async def test_refusals(
    client: TestClient[web.Request, web.Application],
    fields: dict[str, str],
    code: int,
    part: str,
) -> None:
    got, message = await ask(client, **fields)
    assert got == code
    assert part in message


async def test_get_and_post_mean_the_same_in_any_letter_case(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    fields = {"COMMAND": "speak", "callid": "simulated", "TEXT": "a+b c", "party": "ALL"}
    login = {"USERNAME": "admin", "password": "s3cret"}
    await client.get("/api", params={**fields, **login})
    response = await client.post("/api", data={**fields, **login})
    assert response.content_type == "application/xml"
    assert "<Code>200</Code>" in await response.text()
    await asyncio.gather(*bench.tasks)
    assert bench.lines == ["“a+b c”", "“a+b c”"]


async def test_basic_authentication(client: TestClient[web.Request, web.Application]) -> None:
    for password, code in (("s3cret", "200"), ("x", "305")):
        response = await client.get(
            "/api",
            params={"command": "ListActiveCalls"},
            headers={"Authorization": encode_basic_auth("admin", password)},
        )
        assert f"<Code>{code}</Code>" in await response.text()


async def test_a_started_call_tells_its_id(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    response = await client.get("/api", params={**LOGIN, "command": "Call", "Dialed": "100"})
    text = await response.text()
    assert "<CallId>simulated-2</CallId>" in text
    assert bench.lines == ["· calls 100"]


def many_extensions(
    _house: object, _type: str | None, part: slice
) -> tuple[int, Iterator[dict[str, str]]]:
    """The rows of 60,000 numbers."""
    numbers = range(10_000, 70_000)
    return len(numbers), ({"PhoneNumber": str(each), "Type": "Phone"} for each in numbers[part])


@pytest.mark.parametrize(
    ("paging", "first", "count"),
    [
        ({"RowsPerPage": "100"}, "10000", 100),
        ({"RowsPerPage": "100", "PageNumber": "599"}, "69900", 100),
        ({"RowsPerPage": "100", "PageNumber": "600"}, None, 0),
        ({"PageNumber": "1"}, None, 0),
    ],
)
async def test_extensions_in_pages(
    client: TestClient[web.Request, web.Application],
    monkeypatch: pytest.MonkeyPatch,
    paging: dict[str, str],
    first: str | None,
    count: int,
) -> None:
    monkeypatch.setattr(SimulatedSwitch, "extensions", many_extensions)
    response = await client.get(
        "/api", params={**LOGIN, "command": "ListExtensions", "format": "json", **paging}
    )
    answer = await response.json()
    assert answer["TotalRecords"] == 60_000
    assert len(answer["Extensions"]) == count
    if first is not None:
        assert answer["Extensions"][0]["PhoneNumber"] == first


async def test_calls_have_their_turn_while_a_long_list_is_written(
    client: TestClient[web.Request, web.Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedSwitch, "extensions", many_extensions)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    written: list[int] = []
    write = adapter.xml_reply

    def noted(*said: Any) -> str:
        written.append(threading.get_ident())
        return write(*said)

    monkeypatch.setattr(adapter, "xml_reply", noted)
    response = await client.get("/api", params={**LOGIN, "command": "ListExtensions"})
    assert (await response.text()).count("<PhoneNumber>") == 60_000
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert turns > 60_000 / 500
    assert written != [threading.get_ident()], "in a thread of its own"


async def test_json_when_accept_asks_for_it(
    client: TestClient[web.Request, web.Application],
) -> None:
    response = await client.get(
        "/api",
        params={**LOGIN, "command": "ListExtensions"},
        headers={"Accept": "application/json"},
    )
    assert await response.json() == {
        "Code": 200,
        "Message": "Command successfully executed",
        "TotalRecords": 0,
        "Extensions": [],
    }


async def test_a_command_that_leaves_out_its_call(
    client: TestClient[web.Request, web.Application],
) -> None:
    for command, name in (("Hangup", "CallId"), ("AttendedTransfer", "TransferredCallId")):
        code, message = await ask(client, **LOGIN, command=command, TargetCallId="x")
        if command == "Hangup":
            code, message = await ask(client, **LOGIN, command=command)
        assert (code, f"{name} is missing" in message) == (302, True)


async def test_a_relative_url_has_no_base_here(
    client: TestClient[web.Request, web.Application],
) -> None:
    code, message = await ask(client, **LOGIN, command="Call", Dialed="1", Url="/connected")
    assert code == 302
    assert "is relative" in message


async def test_more_fields_than_any_command_has(
    client: TestClient[web.Request, web.Application],
) -> None:
    code, message = await ask(client, **SPEAK, **{f"f{number}": "" for number in range(70)})
    assert (code, "more than 64 fields" in message) == (300, True)


SPEAK = {**LOGIN, "command": "Speak", "CallId": "simulated", "Text": "hi"}


async def test_what_a_command_has_not_is_skipped_and_told_to_who_asks(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    query = [*SPEAK.items(), ("_", "123"), ("Party", "all"), ("party", "all"), ("Text", "hi")]
    response = await client.get("/api", params=query)
    assert "<Warning>" not in await response.text()
    assert len(response.headers.getall("Warning")) == 3
    assert response.headers["Warning"].startswith('299 softswitch "Speak: unknown parameter')
    response = await client.get("/api", params=[*query, ("Warnings", "true")])
    root = ElementTree.fromstring(await response.text())
    assert root.findtext("Code") == "200"
    told = [element.text or "" for element in root.findall("Warning")]
    assert [sentence.partition(",")[0] for sentence in told] == [
        "Speak: unknown parameter '_'",
        "Speak: Party stands twice",
        "Speak: Text stands twice",
    ]
    response = await client.get("/api", params=[*query, ("Warnings", "1"), ("format", "json")])
    assert (await response.json())["Warnings"] == told
    await asyncio.gather(*bench.tasks)
    assert bench.lines == ["“hi”"] * 3


@pytest.mark.parametrize("severity", [Severity(strict=True)])
async def test_what_a_command_has_not_is_refused_where_the_settings_are_strict(
    client: TestClient[web.Request, web.Application],
) -> None:
    code, message = await ask(client, **SPEAK, _="123")
    assert (code, "unknown parameter '_'" in message) == (302, True)
    script = "<Response><Speak Tune='low'>hi</Speak></Response>"
    code, message = await ask(client, **LOGIN, command="Call", Dialed="100", ResponseOzML=script)
    assert (code, "unknown parameter 'Tune'" in message) == (300, True)


async def test_two_values_of_one_parameter_are_refused(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    response = await client.get("/api", params=[*SPEAK.items(), ("TEXT", "ho")])
    text = await response.text()
    assert "<Code>302</Code>" in text
    assert "Text stands twice, as 'hi' and as 'ho'" in text
    assert bench.lines == []


async def test_a_blank_text_is_nothing_to_say(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    response = await client.post("/api", data={**SPEAK, "Text": " ", "Warnings": "true"})
    assert "<Warning>Speak: Text is blank</Warning>" in await response.text()
    assert bench.lines == []


async def test_the_reply_tells_what_the_script_in_a_field_is_run_without(
    client: TestClient[web.Request, web.Application],
) -> None:
    script = "<Response>\n<Speak Tune='low'>hi</Speak></Response>"
    fields = {**LOGIN, "command": "Call", "Dialed": "100", "ResponseOzML": script}
    response = await client.get("/api", params={**fields, "Warnings": "true"})
    text = await response.text()
    assert "<Code>200</Code>" in text
    assert "<Warning>line 2, column 1: Speak: unknown parameter" in text


async def test_several_messages_carry_numbers(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    fields = {
        **LOGIN, "command": "SendMessage", "MessageCount": "2", "Recipient1": "1001,1002",
        "MessageData1": "one", "Recipient2": "1003", "MessageData2": "two", "MaxResponse": "2",
    }  # fmt: skip
    answer = await (await client.post("/api", data={**fields, "ResponseFormat": "json"})).json()
    assert bench.lines == ["✉ to 1001: one", "✉ to 1002: one", "✉ to 1003: two"]
    assert (answer["Code"], answer["TotalRecords"], len(answer["AcceptReports"])) == (200, 3, 2)
    assert answer["Recipient"] == "1001,1002,1003"
    code, message = await ask(client, **{**fields, "Recipient2": ""})
    assert (code, "Recipient2 is missing" in message) == (302, True)


async def test_an_answer_in_html_has_a_link_to_go_on(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    fields = {
        **LOGIN, "command": "SendMessage", "Recipient": "1001<", "MessageData": "hi",
        "ResponseFormat": "html", "ContinueUrl": "http://app.example/?a=\"b\"&c=d e",
    }  # fmt: skip
    response = await client.get("/api", params=fields)
    assert response.content_type == "text/html"
    page = await response.text()
    assert "<td>1001&lt;</td>" in page
    assert '<a href="http://app.example/?a=&quot;b&quot;&amp;c=d e">Continue</a>' in page
    response = await client.get("/api", params={**fields, "ContinueUrl": "javascript:alert(1)"})
    assert "javascript" not in (await response.text()).partition("<body>")[2].replace(
        "ContinueUrl cannot be &#39;javascript:alert(1)&#39;", ""
    )


async def test_a_request_stands_alone_or_in_a_response(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    request = "<Request DialedAddress='101'><OnAnswered><Beep/></OnAnswered></Request>"
    for script in (request, f"<Response>{request}</Response>", f"<ozml>{request}</ozml>"):
        code, _ = await ask(client, **LOGIN, command="Request", RequestOzML=script)
        assert code == 200
    assert bench.lines == ["· calls 101"] * 3
    two = f"<Response>{request}<Beep/></Response>"
    code, message = await ask(client, **LOGIN, command="Request", RequestOzML=two)
    assert (code, "<Response> with 2 commands, expected one <Request>" in message) == (302, True)


@pytest.mark.parametrize("path", ["/", "/api", "/api/"])
async def test_every_path_of_the_api_takes_queries_forms_and_json(
    client: TestClient[web.Request, web.Application], bench: Bench, path: str
) -> None:
    await client.get(path, params=SPEAK)
    await client.post(path, data=SPEAK)
    response = await client.post(path, json={**SPEAK, "Party": None, "Warnings": True})
    assert "<Code>200</Code>" in await response.text()
    login = {"Username": "admin", "Password": "s3cret"}
    await client.post(path, params={"command": "Speak", **login}, json={**SPEAK, "Text": "ho"})
    await asyncio.gather(*bench.tasks)
    assert bench.lines == ["“hi”", "“hi”", "“hi”", "“ho”"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[]", "the body is no JSON object"),
        (b'{"a": ', "the body is no JSON object"),
        (b'{"Text": ["a"]}', "Text of the JSON object cannot be a list, expected a text"),
        (b'{"Text": NaN}', "the body is no JSON object"),
        (b"[" * 100_000, "the body is no JSON object"),
        (
            b'{"Text": "\\ud83d!"}',
            "a text of the JSON object holds half a character (\\ud83d alone)",
        ),
        (b'{"\\udc00": "hi"}', "a text of the JSON object holds half a character (\\udc00 alone)"),
    ],
)
async def test_a_json_body_that_is_no_object_of_fields(
    client: TestClient[web.Request, web.Application], body: bytes, sentence: str
) -> None:
    response = await client.post(
        "/api", params=SPEAK, data=body, headers={"Content-Type": "application/json"}
    )
    text = await response.text()
    assert "<Code>300</Code>" in text
    assert sentence in text


@pytest.mark.parametrize(
    ("value", "code", "sentence"),
    [
        ("[1]", 300, "Limit of the JSON object cannot be a list, expected a text"),
        ("[]", 300, "Limit of the JSON object cannot be a list, expected a text"),
        ('{"a": {"b": 1}}', 300, "Limit of the JSON object cannot be an object, expected a text"),
        ("{}", 300, "Limit of the JSON object cannot be an object, expected a text"),
        ("null", 200, "successfully"),
        ("1", 200, "successfully"),
        ("true", 302, "Limit cannot be &#39;true&#39;, expected a whole number from 1 to 1000"),
        ("1.5", 302, "Limit cannot be &#39;1.5&#39;, expected a whole number from 1 to 1000"),
        ("9" * 5_000, 302, "Limit cannot be &#39;9999"),
    ],
)
async def test_a_json_body_with_its_user_in_it_is_told_what_is_wrong_with_a_value(
    client: TestClient[web.Request, web.Application], value: str, code: int, sentence: str
) -> None:
    login = '"Username": "admin", "Password": "%s"'
    body = '{"Command": "ListCallHistory", "Limit": %s, ' + login + "}"
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api", data=body % (value, "s3cret"), headers=headers)
    text = (await response.text()).replace("'", "&#39;")
    assert f"<Code>{code}</Code>" in text
    assert sentence in text
    response = await client.post("/api", data=body % (value, "wrong"), headers=headers)
    assert "<Code>305</Code>" in await response.text()


@pytest.mark.parametrize(
    ("path", "more", "kind", "sentence"),
    [
        ("/api", "&Text=%E1&_charset_=klingon", "", "_charset_ cannot be 'klingon'"),
        ("/api?_charset_=klingon", "", "", "_charset_ cannot be 'klingon'"),
        ("/api", "", "; charset=klingon", "the form cannot be read as 'klingon'"),
        ("/api", "&Text=\xe1", "; charset=utf-8", "the form cannot be read as 'utf-8'"),
        ("/api", "&a=b" * 3_300, "", "more than 3200 fields"),
    ],
)
async def test_a_form_with_its_user_in_it_is_told_what_is_wrong_with_it(
    client: TestClient[web.Request, web.Application],
    path: str,
    more: str,
    kind: str,
    sentence: str,
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded" + kind}
    form = "Username=admin&Password=s3cret&command=ListCallHistory&format=json"
    response = await client.post(path, data=(form + more).encode("latin-1"), headers=headers)
    answer = await response.json()
    assert answer["Code"] == 300
    assert sentence in answer["Message"]


async def test_a_message_of_which_a_field_cannot_be_read_is_not_sent() -> None:
    sent: list[Mapping[str, str]] = []

    class Dialect:
        async def handle(self, _: web.Request, fields: Mapping[str, str]) -> web.Response | None:
            sent.append(fields)
            return web.Response(text="sent")

    app = web.Application()
    # No command is run, so the context is not asked.
    app.add_routes(CommandApi(None, Users({"admin": "s3cret"}), Dialect()).routes())  # type: ignore[arg-type]
    message = {**LOGIN, "action": "sendmsg", "to": "1000"}
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        assert await (await client.post("/api", json=message)).text() == "sent"
        text = await (await client.post("/api", json={**message, "reporturl": ["a"]})).text()
        assert "reporturl of the JSON object cannot be a list" in text
        assert len(sent) == 1
        messages = {"messages": [{"to_address": "1000", "text": "Hello"}]}
        answer = await client.post("/api", params={"action": "sendmsg"}, json=messages)
        assert await answer.text() == "sent", "the dialect reads the body itself"


async def test_a_request_may_name_its_charset(
    client: TestClient[web.Request, web.Application], bench: Bench
) -> None:
    login = "Username=admin&Password=s3cret&command=Speak&CallId=simulated"
    query = f"/api?{login}&Text=%E1rv%EDz&_charset_=iso-8859-2"
    assert "<Code>200</Code>" in await (await client.get(URL(query, encoded=True))).text()
    form = f"{login}&Text=%E1rv%EDz&_charset_=iso-8859-2"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    await client.post("/api", data=form, headers=headers)
    raw = f"{login}&Text=árvíz&_charset_=".encode("iso-8859-2")
    headers["Content-Type"] += "; charset=iso-8859-2"
    await client.post("/api", data=raw, headers=headers)
    await asyncio.gather(*bench.tasks)
    assert bench.lines == ["“árvíz”"] * 3
    response = await client.get("/api", params={**SPEAK, "_charset_": "klingon"})
    assert "_charset_ cannot be 'klingon', expected a charset" in await response.text()


async def test_too_large_a_request(client: TestClient[web.Request, web.Application]) -> None:
    response = await client.post("/api", data={**LOGIN, "Text": "x" * 1_100_000})
    assert response.status == 413


async def test_who_guesses_passwords_is_shut_out() -> None:
    app = web.Application()
    now = 0.0
    users = Users({"admin": "s3cret"}, Bans("HTTP", BanTerms(3, 60, 300), clock=lambda: now))

    async def enter(request: web.Request) -> web.Response:
        try:
            return web.Response(text=users.of_request(request, dict(request.query)).name)
        except CommandError as error:
            return web.Response(text=str(int(error.code)))

    app.add_routes([web.get("/", enter)])
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:

        async def attempt(password: str, user: str = "admin") -> tuple[int, str]:
            query = {"username": user, "password": password}
            response = await client.get("/", params=query)
            return response.status, await response.text()

        for _ in range(3):
            assert await attempt("guess") == (200, "305")
        assert (await attempt("s3cret"))[0] == 429
        assert await attempt("guess", "other") == (200, "305")
        now = 301.0
        assert await attempt("s3cret") == (200, "admin")


async def test_filters_of_the_history(
    client: TestClient[web.Request, web.Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    async def history(
        _house: object, *question: object, quality: bool
    ) -> tuple[int, list[dict[str, str]]]:
        asked.append((*question, quality))
        return 41, [{"CallId": "fba20"}]

    monkeypatch.setattr(SimulatedSwitch, "call_history", history)
    fields = {"Direction": "", "Source": "102", "From": "2013-01-17 13:32:12", "General": "Eva"}
    paging = {"PageNumber": "2", "RowsPerPage": "10", "Order": "desc", "After": "fba19"}
    response = await client.get(
        "/api", params={**LOGIN, "command": "GetCallHistory", **fields, **paging}
    )
    text = await response.text()
    assert "<TotalRecords>41</TotalRecords>" in text
    assert "<CallId>fba20</CallId>" in text
    filters = {"source": "102", "from": datetime(2013, 1, 17, 13, 32, 12), "text": "Eva"}
    page = HistoryPage(number=2, rows=10, after="fba19", descending=True)
    assert asked == [(filters, page, False)]
