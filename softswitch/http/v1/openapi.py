"""`/openapi.json`: what `/v1` serves, as an OpenAPI 3.1 document made from its declarations.

Each subject declares its operations (`operations.py`); a test compares them with the routes that
are served. Schemas are JSON Schema 2020-12, made of the classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from softswitch.guard.rights import Right, roles_with
from softswitch.http.v1.access.audit_json import AUDIT_OPERATIONS
from softswitch.http.v1.access.session_json import SESSION_OPERATIONS
from softswitch.http.v1.access.tokens_json import TOKEN_OPERATIONS
from softswitch.http.v1.addressbooks.contacts_json import CONTACT_OPERATIONS
from softswitch.http.v1.alarms.alarms_json import ALARM_OPERATIONS
from softswitch.http.v1.asking import Problem, media_type_of
from softswitch.http.v1.bans_json import BAN_OPERATIONS
from softswitch.http.v1.calls.actions_json import ACTION_OPERATIONS
from softswitch.http.v1.calls.audio_json import AUDIO_OPERATIONS
from softswitch.http.v1.calls.calls_json import CALL_OPERATIONS
from softswitch.http.v1.commands.api_description import (
    PATH,
    command_path,
    command_schemas,
)
from softswitch.http.v1.commands.commands_json import COMMAND_OPERATIONS
from softswitch.http.v1.dialling.budgets_json import BUDGET_OPERATIONS
from softswitch.http.v1.dialling.route_json import DIALLING_OPERATIONS
from softswitch.http.v1.entries.description import ENTRY_OPERATIONS
from softswitch.http.v1.entries.entry_schemas import entry_schemas
from softswitch.http.v1.events.events_json import EVENT_OPERATIONS
from softswitch.http.v1.extensions.callbacks_json import CALLBACK_OPERATIONS
from softswitch.http.v1.extensions.features_json import FEATURE_OPERATIONS
from softswitch.http.v1.extensions.provisioning_json import PROVISIONING_OPERATIONS
from softswitch.http.v1.extensions.schedule_json import SCHEDULE_OPERATIONS
from softswitch.http.v1.health.health_json import HEALTH_OPERATIONS
from softswitch.http.v1.history.history_json import HISTORY_OPERATIONS
from softswitch.http.v1.messages.messages_json import MESSAGE_OPERATIONS
from softswitch.http.v1.operations import Operation, Shape
from softswitch.http.v1.parking.parking_json import PARKING_OPERATIONS
from softswitch.http.v1.queues.queues_json import QUEUE_OPERATIONS
from softswitch.http.v1.recordings.recordings_json import RECORDING_OPERATIONS
from softswitch.http.v1.registrations.registrations_json import REGISTRATION_OPERATIONS
from softswitch.http.v1.scripts.description import SCRIPT_OPERATIONS, WRITING_OPERATIONS
from softswitch.http.v1.settings.settings_json import SETTING_OPERATIONS
from softswitch.http.v1.states.conferences_json import CONFERENCE_STATE_OPERATIONS
from softswitch.http.v1.states.extensions_json import EXTENSION_STATE_OPERATIONS
from softswitch.http.v1.states.groups_json import GROUP_STATE_OPERATIONS
from softswitch.http.v1.states.trunks_json import TRUNK_STATE_OPERATIONS
from softswitch.http.v1.trace.trace_json import TRACE_OPERATIONS
from softswitch.http.v1.voicemail.removed_json import REMOVED_OPERATIONS
from softswitch.http.v1.voicemail.voicemail_json import VOICEMAIL_OPERATIONS
from softswitch.http.v1.webhooks.webhooks_json import WEBHOOK_OPERATIONS

OPERATIONS: tuple[Operation, ...] = (
    *SESSION_OPERATIONS,
    *TOKEN_OPERATIONS,
    *AUDIT_OPERATIONS,
    *CALL_OPERATIONS,
    *ACTION_OPERATIONS,
    *AUDIO_OPERATIONS,
    *TRACE_OPERATIONS,
    *EVENT_OPERATIONS,
    *WEBHOOK_OPERATIONS,
    *BAN_OPERATIONS,
    *FEATURE_OPERATIONS,
    *SCHEDULE_OPERATIONS,
    *CALLBACK_OPERATIONS,
    *PROVISIONING_OPERATIONS,
    *REGISTRATION_OPERATIONS,
    *RECORDING_OPERATIONS,
    *QUEUE_OPERATIONS,
    *TRUNK_STATE_OPERATIONS,
    *EXTENSION_STATE_OPERATIONS,
    *GROUP_STATE_OPERATIONS,
    *CONFERENCE_STATE_OPERATIONS,
    *HEALTH_OPERATIONS,
    *HISTORY_OPERATIONS,
    *DIALLING_OPERATIONS,
    *BUDGET_OPERATIONS,
    *ENTRY_OPERATIONS,
    *PARKING_OPERATIONS,
    *VOICEMAIL_OPERATIONS,
    *REMOVED_OPERATIONS,
    *MESSAGE_OPERATIONS,
    *ALARM_OPERATIONS,
    *CONTACT_OPERATIONS,
    *SETTING_OPERATIONS,
    *COMMAND_OPERATIONS,
    *WRITING_OPERATIONS,
    *SCRIPT_OPERATIONS,
)
"Everything that `/v1` does."

Schema = dict[str, Any]
"A JSON schema, or a reference to one."

LOGINS: Mapping[str, Schema] = {
    "basic": {"type": "http", "scheme": "basic"},
    "token": {"type": "http", "scheme": "bearer", "description": "As /v1/tokens makes it."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "softswitch-9509",
        "description": "As /v1/session sets it; its name has the port. What changes something"
        " needs the header X-Requested-With: softswitch beside it.",
    },
}
"How users log in."

_SCHEMAS = "#/components/schemas/{name}"


def description_routes() -> list[web.RouteDef]:
    """Serve the description of what `/v1` serves; it holds no secret."""
    return [web.get("/openapi.json", _describe)]


async def _describe(_request: web.Request) -> web.Response:
    return web.Response(body=document(), content_type="application/json")


@cache
def document() -> bytes:
    """The whole document, as JSON; made when somebody asks for it first."""
    return msgspec.json.encode(_document(OPERATIONS))


def _document(operations: Iterable[Operation]) -> dict[str, Any]:
    operations = list(operations)
    queries = _classes(operation.query for operation in operations)
    bodies = _classes(operation.body for operation in operations)
    shown = _classes(shape for operation in operations for _, shape in operation.answers.values())
    classes: list[Shape] = list(dict.fromkeys((Problem, *shown, *bodies, *queries)))
    references, schemas = msgspec.json.schema_components(classes, ref_template=_SCHEMAS)
    named = dict(zip(classes, references, strict=True))
    fields = {query: schemas.pop(query.__name__) for query in queries}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _operation(operation, named, fields)
        paths.setdefault(f"/v1{operation.path}", {})[operation.method] = described
    entries, models = entry_schemas(_SCHEMAS.replace("{name}", "{model}"))
    for name, schema in entries.items():
        # Beside the body, which takes any object: what is wrong with an entry is told by 422.
        paths[f"/v1/{name}"]["post"]["x-entry"] = schema
    paths[PATH] = dict(command_path())
    tags = sorted(
        {tag for path in paths.values() for each in path.values() for tag in each["tags"]}
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "softswitch",
            "version": "1",
            "description": "The switch as it runs: /v1 shows and changes it, /api takes the"
            " commands of web applications.",
        },
        "security": [{name: []} for name in LOGINS],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": models | schemas | command_schemas(),
            "securitySchemes": LOGINS,
        },
    }


def _classes(shapes: Iterable[Shape | str | None]) -> list[Shape]:
    """The classes among them, each once."""
    return list(dict.fromkeys(shape for shape in shapes if isinstance(shape, type)))


def _operation(
    operation: Operation, named: dict[Shape, Schema], fields: dict[Shape, Schema]
) -> dict[str, Any]:
    """One method of a path."""
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.path.split("/")[1].removesuffix(".csv")],
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    if operation.query is not None:
        query = fields[operation.query]
        parameters += [_parameter(name, query) for name in query["properties"]]
    parameters += [
        {"name": name, "in": "header", "description": what, "schema": {"type": "string"}}
        for name, what in operation.headers.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = _body(operation, operation.body, named)
    answers = {
        str(status): _response(sentence, shape, named)
        for status, (sentence, shape) in operation.answers.items()
    }
    if operation.right is None:
        described |= {"description": "For everybody.", "security": []}
    else:
        described["description"] = f"For users with the role {_roles(operation.right)}."
    described["responses"] = _refusals(operation, named) | answers
    return described


def _body(operation: Operation, body: Shape | str, named: dict[Shape, Schema]) -> dict[str, Any]:
    """What a method takes; it may do without where nothing in it is needed."""
    if isinstance(body, str):
        octets = {"schema": {"type": "string", "format": "binary"}}
        return {"required": True, "content": {body: octets, "application/octet-stream": octets}}
    return {
        "required": not operation.may_be_empty,
        "content": {"application/json": {"schema": named[body]}},
    }


def _refusals(operation: Operation, named: dict[Shape, Schema]) -> dict[str, Any]:
    """What every operation like this one may answer."""
    refusals = {}
    if operation.query is not None or operation.body is not None:
        refusals["400"] = _response("The query or the body cannot be read.", Problem, named)
    if operation.body is not None:
        refusals["408"] = _response("The rest of the body does not come.", Problem, named)
        refusals["413"] = _response("The body is too long.", Problem, named)
        refusals["503"] = _response("Much is uploaded already, ask again.", Problem, named)
    return refusals | {
        "401": _response("A user of the HTTP API and the password are needed.", Problem, named),
        "403": _response(
            "The user may not do that or come from there, or another site's page asks.",
            Problem,
            named,
        ),
        "429": _response("Too many wrong passwords have come from this address.", Problem, named),
    }


def _roles(right: Right) -> str:
    *others, last = roles_with(right)
    return f"{', '.join(others)} or {last}" if others else last


def _response(
    sentence: str, shape: Shape | str | None, named: dict[Shape, Schema]
) -> dict[str, Any]:
    if shape is None:
        return {"description": sentence}
    if isinstance(shape, str):
        return {"description": sentence, "content": {shape: {"schema": {"type": "string"}}}}
    return {
        "description": sentence,
        "content": {media_type_of(shape): {"schema": named[shape]}},
    }


def _parameter(name: str, of: Schema) -> dict[str, Any]:
    """A field of a class as a parameter of the query."""
    schema = dict(of["properties"][name])
    told = (each for each in (schema, *schema.get("anyOf", ())) if "description" in each)
    description = next(told)["description"]
    schema.pop("description", None)
    return {"name": name, "in": "query", "description": description, "schema": schema}
