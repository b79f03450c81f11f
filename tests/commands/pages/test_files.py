"""The pages and the schema that are generated from the commands."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from lxml import etree
from yarl import URL

from softswitch.commands import COMMANDS
from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Sound
from softswitch.commands.base.order import CallOrder
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.script_flow import ScriptEnds
from softswitch.commands.list_addressbook_contacts import ListAddressbookContacts
from softswitch.commands.pages.files import files, write_files
from softswitch.commands.pages.markdown import page
from softswitch.commands.pages.schema import schema
from softswitch.commands.pages.texts import example_of, meanings
from softswitch.http.adapter import CommandApi
from softswitch.http.users import Users
from softswitch.ozml.check import mistakes_of
from softswitch.ozml.document import commands_of, parse_document
from softswitch.ozml.loading import Severity
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.terminal.simulation import SimulatedCall, SimulatedParty, SimulatedSwitch
from tests.ozml.test_examples import EXAMPLES

T = TypeVar("T")

DOCS = Path(__file__).parents[3] / "docs"
MADE = files()


@pytest.fixture(scope="module")
def ozml() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(schema().encode()))


@pytest.mark.parametrize("path", sorted(MADE))
def test_what_is_written_is_what_the_code_says(path: str) -> None:
    written = DOCS / path
    assert written.read_text(encoding="utf-8") == MADE[path], "run `make docs`"


def test_all_files_are_written_below_the_directory_that_is_named(tmp_path: Path) -> None:
    write_files(str(tmp_path / "docs"))
    written = {
        path.relative_to(tmp_path / "docs").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "docs").rglob("*.*")
    }
    assert written == MADE


def test_every_parameter_says_what_it_means() -> None:
    silent = [
        f"{command.name()}.{parameter.name}"
        for command in COMMANDS
        for parameter in shape_of(command).parameters
        if not meanings(command).get(parameter.field)
    ]
    assert silent == []


def test_the_schema_takes_every_example(ozml: etree.XMLSchema) -> None:
    for command in COMMANDS:
        example = example_of(command)
        if example.startswith("<") and command.contexts & ~Contexts.HTTP:
            document = etree.fromstring(f"<Response>{example}</Response>")
            assert ozml.validate(document), (command.name(), ozml.error_log.last_error)


@pytest.mark.parametrize("source", [source for source, _, _ in EXAMPLES])
def test_the_schema_takes_what_the_reference_writes(ozml: etree.XMLSchema, source: str) -> None:
    assert ozml.validate(etree.fromstring(source)), ozml.error_log.last_error


@pytest.mark.parametrize(
    "document",
    [
        "<response><userinput timeout='1' REPEAT='true'/></response>",
        "<ozml><Userinput repeat='true'><inputs><input key='1'/></inputs></Userinput></ozml>",
        "<OzML><SendSMS recipient='1'>x</SendSMS><WaitForMSG FromConnection='a'/></OzML>",
        "<response><var id='a' value='1'/><Foreach source='a'><speak>$item</speak></Foreach>"
        "</response>",
        "<Response><BlindTransfer TranferorParty='caller' target='1'/></Response>",
        "<request dialedaddress='1'><onanswered><beep/></onanswered></request>",
    ],
)
def test_the_schema_takes_the_letter_cases_that_the_switch_takes(
    ozml: etree.XMLSchema, document: str
) -> None:
    root = parse_document(document.encode())
    assert not list(mistakes_of(commands_of(root), Contexts.SCRIPT | Contexts.THIRD_PARTY))
    assert ozml.validate(etree.fromstring(document.replace("REPEAT", "Repeat"))), document


HTTP_PAGES = [command for command in COMMANDS if command.contexts & Contexts.HTTP]


@pytest.mark.parametrize("command", HTTP_PAGES, ids=lambda command: command.name())
async def test_the_example_of_a_page_runs_as_it_is_printed(command: type[Command]) -> None:
    printed = re.findall(
        r"^curl '(http://127\.0\.0\.1:9509/api\?.+)'$", page(command), re.MULTILINE
    )
    assert len(printed) == 1
    lines: list[str] = []
    call = OneCall(SimulatedParty(lines.append, _presses_nothing))
    tasks: list[asyncio.Future[None]] = []

    async def reported(error: CommandError, _fields: object, _url: object) -> None:
        raise AssertionError(error.message)

    async def found(source: str, _base: str) -> Sound:
        return Sound(source, source)

    context = ScriptContext(
        switch=SimulatedSwitch(lines.append),
        applications=None,  # type: ignore[arg-type]
        find_call=lambda _id: call,
        find_sound=found,
        report=reported,
        start=lambda work: tasks.append(asyncio.ensure_future(work)),
        severity=Severity(strict=True),
    )
    app = web.Application()
    app.add_routes(CommandApi(lambda _: context, Users({"admin": "secret"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        target = printed[0].removeprefix("http://127.0.0.1:9509")
        text = await (await client.get(URL(target, encoded=True))).text()
    await asyncio.gather(*tasks)
    assert f"<Code>{NOT_THERE.get(command, 200)}</Code>" in text, text


NOT_THERE = {ListAddressbookContacts: 302}
"What answers otherwise than with 200: the simulated switch has no address books."


class OneCall(SimulatedCall):
    """The call of every CallId; a request that ends it is no script that ends."""

    async def perform(self, order: CallOrder[T]) -> T:
        with suppress(ScriptEnds):
            return await super().perform(order)
        return None  # type: ignore[return-value]


async def _presses_nothing() -> str:
    return ""


@pytest.mark.parametrize(
    "document",
    [
        "<Response><Sing/></Response>",
        "<Response><Beep Volume='1'/></Response>",
        "<Response><Var>no id</Var></Response>",
        "<Response><UserInput><Inputs><Input/></Inputs></UserInput></Response>",
        "<Response><ListActiveCalls/></Response>",
    ],
)
def test_the_schema_refuses_mistakes(ozml: etree.XMLSchema, document: str) -> None:
    assert not ozml.validate(etree.fromstring(document))
