"""`/openapi.json`: what `/v1` serves, as an OpenAPI 3.1 document made from the classes it answers.

The schemas are those classes, the parameters their fields; a test compares the paths with the
routes that are served. Schemas are JSON Schema 2020-12.
"""

from __future__ import annotations

from typing import Any

import msgspec

from softswitch.http.v1.asking import Problem
from softswitch.http.v1.bans_json import BanFilter, BansLifted, BansShown
from softswitch.http.v1.calls_json import CallShown, CallsShown, Page

Schema = dict[str, Any]
"A JSON schema, or a reference to one."

_SCHEMAS = "#/components/schemas/{name}"


def _document() -> dict[str, Any]:
    answered, schemas = msgspec.json.schema_components(
        (CallsShown, CallShown, Problem, BansShown, BansLifted, Page, BanFilter),
        ref_template=_SCHEMAS,
    )
    calls, call, problem, bans, lifted, *_ = answered
    page, wanted = schemas.pop(Page.__name__), schemas.pop(BanFilter.__name__)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "softswitch",
            "version": "1",
            "description": "The calls that are up and how they sound, and the bans of sources that"
            " guessed passwords. All else is done by the commands of /api.",
        },
        "security": [{"basic": []}],
        "paths": {
            "/v1/calls": {"get": _list_calls(page, calls, problem)},
            "/v1/calls/{call_id}": {"get": _show_call(call, problem)},
            "/v1/bans": {
                "get": _list_bans(bans, problem),
                "delete": _lift_bans(wanted, lifted, problem),
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def _list_calls(page: Schema, calls: Schema, problem: Schema) -> dict[str, Any]:
    return {
        "operationId": "listCalls",
        "summary": CallsShown.__doc__,
        "parameters": [_parameter(name, page) for name in page["properties"]],
        "responses": {
            "200": _response("The page.", calls),
            "400": _response("A parameter is wrong.", problem),
            **_refusals(problem),
        },
    }


def _show_call(call: Schema, problem: Schema) -> dict[str, Any]:
    call_id = {"name": "call_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "showCall",
        "summary": CallShown.__doc__,
        "parameters": [call_id],
        "responses": {
            "200": _response("The call.", call),
            "404": _response("No call with that id is up.", problem),
            **_refusals(problem),
        },
    }


def _list_bans(bans: Schema, problem: Schema) -> dict[str, Any]:
    return {
        "operationId": "listBans",
        "summary": BansShown.__doc__,
        "responses": {"200": _response("All of them.", bans), **_refusals(problem)},
    }


def _lift_bans(wanted: Schema, lifted: Schema, problem: Schema) -> dict[str, Any]:
    return {
        "operationId": "liftBans",
        "summary": BanFilter.__doc__,
        "parameters": [_parameter(name, wanted) for name in wanted["properties"]],
        "responses": {
            "200": _response("They are lifted.", lifted),
            "400": _response("A parameter is wrong.", problem),
            **_refusals(problem),
        },
    }


def _refusals(problem: Schema) -> dict[str, Any]:
    return {
        "401": _response("A user of the HTTP API and the password are needed.", problem),
        "403": {"description": "A page of another site has made a browser send this."},
        "429": {"description": "Too many wrong passwords have come from this address."},
    }


def _response(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, of: Schema) -> dict[str, Any]:
    """A field of a class as a parameter of the query."""
    schema = dict(of["properties"][name])
    description = schema.pop("description")
    return {"name": name, "in": "query", "description": description, "schema": schema}


DOCUMENT = msgspec.json.encode(_document())
