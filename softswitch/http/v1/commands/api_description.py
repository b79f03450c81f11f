"""The commands of `/api` for `/openapi.json`: GET with a query, POST with a form or a JSON object.

Which command it is says the field `command`; each has a schema of its own. OpenAPI has one
description a path and method, so the fields of a GET are one parameter, an object whose members
are the fields of the query (OpenAPI 3.1.0 section 4.8.12: style `form`, exploded).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from softswitch.commands import COMMANDS
from softswitch.commands.base.codes import SENTENCES
from softswitch.commands.base.command import Command
from softswitch.commands.base.parameters import Parameter, shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.pages.markdown import default_text
from softswitch.commands.pages.texts import meanings
from softswitch.guard.rights import roles_with

Schema = dict[str, Any]

PATH = "/api"
TAG = "commands"
ANSWER = "CommandAnswer"
"The name of the schema of what is answered."
FORMS = ("application/x-www-form-urlencoded", "application/json")
"How a POST may bring the fields."


def command_schemas() -> dict[str, Schema]:
    """The schema of each command that a request may give, and that of the answers."""
    return {f"{each.name()}Command": _schema(each) for each in _commands()} | {ANSWER: _answer()}


def command_path() -> Mapping[str, Any]:
    """The methods of `/api`."""
    names = [f"{each.name()}Command" for each in _commands()]
    wanted = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names],
        "discriminator": {
            "propertyName": "command",
            "mapping": {
                each.name(): f"#/components/schemas/{each.name()}Command" for each in _commands()
            },
        },
    }
    query = {
        "name": "fields",
        "in": "query",
        "required": True,
        "style": "form",
        "explode": True,
        "description": "The command and its parameters, in any case of letters.",
        "schema": wanted,
    }
    body = {"required": True, "content": {form: {"schema": wanted} for form in FORMS}}
    return {
        "get": _method("runCommand", {"parameters": [query]}),
        "post": _method("runCommandOfForm", {"requestBody": body}),
    }


def _method(identity: str, given: Schema) -> Schema:
    codes = " ".join(f"{int(code)}: {sentence}." for code, sentence in SENTENCES.items())
    return {
        "operationId": identity,
        "summary": "Run a command.",
        "description": "Which roles may give a command stands with each. Username and Password may"
        " be fields of the request, in place of a login by header. The status is 200 whatever the"
        f" code in the answer says. {codes}",
        "tags": [TAG],
        **given,
        "responses": {
            "200": {
                "description": "The answer, in the format that ResponseFormat or Accept asks for.",
                "content": {
                    "application/xml": {"schema": {"$ref": f"#/components/schemas/{ANSWER}"}},
                    "application/json": {"schema": {"$ref": f"#/components/schemas/{ANSWER}"}},
                    "text/html": {"schema": {"type": "string"}},
                },
            },
            "400": _text("The form cannot be read."),
            "403": _text("A page of another site has made the request."),
            "413": _text("The form is too long."),
            "429": _text("Too many wrong passwords have come from this address."),
        },
    }


def _text(sentence: str) -> Schema:
    return {"description": sentence, "content": {"text/plain": {"schema": {"type": "string"}}}}


def _commands() -> list[type[Command]]:
    return [each for each in COMMANDS if Contexts.HTTP in each.contexts]


def _schema(command: type[Command]) -> Schema:
    """The fields of a command."""
    texts, parameters = meanings(command), shape_of(command).parameters
    about = " ".join(inspect.cleandoc(command.__doc__ or "").split())
    roles = ", ".join(roles_with(command.right))
    return {
        "title": command.name(),
        "type": "object",
        "description": f"{about} For {roles}.",
        "properties": {
            "command": {"const": command.name()},
            **{each.name: _field(each, texts.get(each.field, "")) for each in parameters},
        },
        "required": ["command", *(each.name for each in parameters if each.required)],
    }


def _field(parameter: Parameter, about: str) -> Schema:
    """A field of a command: a text as requests write it."""
    kind, notes = parameter.kind, [about]
    if not kind.values:
        notes.append(f"Expected: {kind.expected}.")
    if parameter.spec.aliases:
        notes.append(f"Also accepted as {', '.join(parameter.spec.aliases)}.")
    if parameter.spec.numbered:
        notes.append("May stand several times, with a number behind its name.")
    schema: Schema = {"type": "string", "description": " ".join(filter(None, notes))}
    if kind.schema == "xs:integer" and kind.bounds is not None:
        low, high = kind.bounds
        schema |= {"type": "integer", "minimum": low, "maximum": high}
    elif kind.values:
        schema["enum"] = list(kind.values)
    if default := default_text(parameter):
        schema["default"] = int(default) if schema["type"] == "integer" else default
    if parameter.spec.example:
        example = parameter.spec.example
        schema["examples"] = [int(example) if schema["type"] == "integer" else example]
    return schema


def _answer() -> Schema:
    return {
        "type": "object",
        "xml": {"name": "Response"},
        "description": "Code and Message, and what the command adds: fields of its own, a list.",
        "properties": {
            "Code": {"type": "integer", "enum": sorted(map(int, SENTENCES))},
            "Message": {"type": "string"},
        },
        "required": ["Code", "Message"],
        "additionalProperties": True,
    }
