"""Random requests to `/api`: always an answer of the documented form, never a traceback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from yarl import URL

from softswitch.commands import COMMANDS
from softswitch.commands.base.codes import SENTENCES, CommandError
from softswitch.commands.base.parameters import shape_of
from softswitch.http.adapter import CommandApi
from softswitch.http.users import Users
from softswitch.ozml.notifications import ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.terminal.simulation import (
    SimulatedCall,
    SimulatedParty,
    SimulatedSwitch,
    sounds_below,
)

LOGIN = {"Username": "admin", "Password": "s3cret"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CODES = {int(code) for code in SENTENCES}

Client = TestClient[web.Request, web.Application]


def code_of(reply: bytes) -> int:
    return int(etree.fromstring(reply).findtext("Code"))


class Nowhere:
    """No application can be reached."""

    async def notify(self, url: str, name: str, fields: object, cookies: object = None) -> None:
        raise ScriptUnavailable(f"{url}: nowhere")


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def client(loop: asyncio.AbstractEventLoop) -> Iterator[Client]:
    async def report(_error: CommandError, _fields: object, _url: object) -> None:
        return None

    async def no_keys() -> str:
        return ""

    lines: list[str] = []
    call = SimulatedCall(SimulatedParty(lines.append, no_keys))
    tasks: list[asyncio.Future[None]] = []
    context = ScriptContext(
        switch=SimulatedSwitch(lines.append),
        applications=Nowhere(),  # type: ignore[arg-type]
        find_call=lambda _id: call,
        find_sound=sounds_below(Path("/nonexistent")),
        report=report,
        start=lambda work: tasks.append(asyncio.ensure_future(work)),
    )

    async def start() -> Client:
        app = web.Application()
        app.add_routes(CommandApi(lambda _: context, Users({"admin": "s3cret"})).routes())
        client = TestClient(TestServer(app, host="127.0.0.1"))
        await client.start_server()
        return client

    async def stop(client: Client) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.close()

    client = loop.run_until_complete(start())
    yield client
    loop.run_until_complete(stop(client))


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(
        [
            "",
            "-1",
            "1e9",
            "999999999999",
            "true",
            "callee",
            "$$",
            "<Response><Speak>hi</Speak></Response>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><Response>&b;</Response>",
            "<Response>" + "<a>" * 100,
            "http://[::1",
            "../../etc/passwd",
            "2013-13-13",
            "\x00",
            "٣",
        ]
    ),
)
NAMES = st.sampled_from(
    sorted({p.name for command in COMMANDS for p in shape_of(command).parameters})
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
OF_THE_REQUEST = {"command", "format", "password", "responseformat", "username"}
"Fields that the test sets itself: the first of a name that is sent twice counts."
FIELDS = st.dictionaries(
    NAMES.filter(lambda name: name.lower() not in OF_THE_REQUEST), TEXTS, max_size=6
)
COMMAND = st.sampled_from([command.name() for command in COMMANDS]) | TEXTS


@given(command=COMMAND, fields=FIELDS, dress=st.tuples(st.booleans(), st.booleans()))
def test_any_fields(
    loop: asyncio.AbstractEventLoop,
    client: Client,
    command: str,
    fields: dict[str, str],
    dress: tuple[bool, bool],
) -> None:
    as_json, post = dress
    form = {**fields, **LOGIN, "command": command, "format": "json" if as_json else "xml"}

    encoded = urlencode(form)

    async def ask() -> tuple[int, bytes]:
        if post:
            response = await client.post("/api", data=encoded, headers=FORM)
        else:
            response = await client.get(URL(f"/api?{encoded}", encoded=True))
        return response.status, await response.read()

    status, body = loop.run_until_complete(ask())
    assert status == 200, body
    assert (json.loads(body)["Code"] if as_json else code_of(body)) in CODES


@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=utf-16",
            "application/x-www-form-urlencoded; charset=nonsense",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "application/json",
        ]
    ),
)
def test_any_body(loop: asyncio.AbstractEventLoop, client: Client, body: bytes, kind: str) -> None:
    async def ask() -> tuple[int, bytes]:
        response = await client.post(
            "/api", params=LOGIN, data=body, headers={"Content-Type": kind}
        )
        return response.status, await response.read()

    status, answer = loop.run_until_complete(ask())
    assert status == 200, (status, answer)
    assert code_of(answer) in CODES
