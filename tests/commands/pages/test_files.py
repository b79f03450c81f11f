"""The pages and the schema that are generated from the commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from softswitch.commands import COMMANDS
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.pages.files import files
from softswitch.commands.pages.schema import schema
from softswitch.commands.pages.texts import example_of, meanings

DOCS = Path(__file__).parents[3] / "docs"
MADE = files()


@pytest.fixture(scope="module")
def ozml() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(schema().encode()))


@pytest.mark.parametrize("path", sorted(MADE))
def test_what_is_written_is_what_the_code_says(path: str) -> None:
    written = DOCS / path
    assert written.read_text(encoding="utf-8") == MADE[path], "run `make docs`"


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
