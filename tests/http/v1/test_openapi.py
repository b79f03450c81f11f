"""`/openapi.json`: sound by itself, and the commands of `/api` in it are what `/api` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import pytest

from softswitch.commands import BY_NAME, COMMANDS
from softswitch.commands.base.codes import Code
from softswitch.commands.base.command import Command
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.replies import Listing, Reply
from softswitch.commands.pages.markdown import query_of
from softswitch.commands.pages.texts import example_of
from softswitch.http.fields import REQUEST_FIELDS
from softswitch.http.replies import json_reply
from softswitch.http.v1.commands.api_description import ANSWER
from softswitch.http.v1.openapi import OPERATIONS, document

DOCUMENT: dict[str, Any] = json.loads(document())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OF_HTTP = [command for command in COMMANDS if Contexts.HTTP in command.contexts]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def wanted(reference: str) -> jsonschema_rs.Validator:
    """What judges values by a schema of the document."""
    return jsonschema_rs.validator_for({"$ref": reference, "components": {"schemas": SCHEMAS}})


def fields_of(command: type[Command]) -> dict[str, Any]:
    """The example of a request, its whole numbers as numbers where the schema has such."""
    query = dict(parse_qsl(query_of(command, example_of(command)), keep_blank_values=True))
    properties = SCHEMAS[f"{command.name()}Command"]["properties"]
    return {
        name: int(text) if properties[name].get("type") == "integer" else text
        for name, text in query.items()
    }


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 50
    assert {each.removeprefix("#/components/schemas/") for each in found} <= SCHEMAS.keys()


def test_every_schema_is_one() -> None:
    for name, schema in SCHEMAS.items():
        jsonschema_rs.meta.validate(schema)
        assert schema.get("type") or schema.get("anyOf") or schema.get("enum"), name


def test_every_operation_has_an_id_of_its_own_and_a_tag() -> None:
    methods = [each for path in DOCUMENT["paths"].values() for each in path.values()]
    ids = [each["operationId"] for each in methods]
    assert len(ids) == len(set(ids)) == len(OPERATIONS) + 2
    tags = {each["name"] for each in DOCUMENT["tags"]}
    assert {tag for each in methods for tag in each["tags"]} == tags
    assert {"calls", "messages", "scripts", "commands"} <= tags


def test_what_reads_a_query_or_a_body_may_refuse_it() -> None:
    for operation in OPERATIONS:
        described = DOCUMENT["paths"][f"/v1{operation.path}"][operation.method]
        if operation.query is not None or operation.body is not None:
            assert "400" in described["responses"], operation.id
        assert ("requestBody" in described) is (operation.body is not None)


def test_all_commands_of_requests_are_described() -> None:
    api = DOCUMENT["paths"]["/api"]
    [fields] = api["get"]["parameters"]
    forms = api["post"]["requestBody"]["content"]
    expected = {f"#/components/schemas/{command.name()}Command" for command in OF_HTTP}
    assert len(expected) > 30
    for schema in (fields["schema"], *(form["schema"] for form in forms.values())):
        assert {each["$ref"] for each in schema["oneOf"]} == expected
        assert set(schema["discriminator"]["mapping"]) == {each.name() for each in OF_HTTP}


@pytest.mark.parametrize("command", OF_HTTP)
def test_the_schema_of_a_command_takes_what_the_command_reads(command: type[Command]) -> None:
    name = f"{command.name()}Command"
    schema, given = SCHEMAS[name], fields_of(command)
    judge = wanted(f"#/components/schemas/{name}")
    assert judge.is_valid(given), list(judge.iter_errors(given))
    parameters = shape_of(command).parameters
    assert schema["properties"].keys() == {"command", *(each.name for each in parameters)}
    for parameter in parameters:
        if parameter.required:
            less = {key: text for key, text in given.items() if key != parameter.name}
            assert not judge.is_valid(less)
        assert schema["properties"][parameter.name]["description"]
    others = [each for each in OF_HTTP if each is not command]
    assert not any(
        wanted(f"#/components/schemas/{o.name()}Command").is_valid(given) for o in others
    )
    texts = {key: str(text) for key, text in given.items() if key != "command"}
    BY_NAME[command.name().lower()].parse(texts, ignored=REQUEST_FIELDS)


def test_the_schema_of_answers_is_that_of_answers() -> None:
    judge = wanted(f"#/components/schemas/{ANSWER}")
    reply = Reply({"CallId": "1"}, Listing("Calls", "Call", [{"CallId": "1"}], 1))
    for text in (json_reply(Code.OK), json_reply(Code.OK, "", reply), json_reply(Code.PARSE_ERROR)):
        assert judge.is_valid(json.loads(text))
    assert not judge.is_valid({"Message": "no code"})
