"""The fields of a request: those of the query, of a form and of a JSON object (API reference, 3).

They are read in the charset that the field `_charset_` names, else in UTF-8.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

from softswitch.store.texts import half_character

FIELD_LIMIT = 3_200
"Fields in one request: `SendMessage` has three for each of at most a thousand messages."
REQUEST_FIELDS = frozenset({"command", "username", "password", "format", "_charset_", "warnings"})
"Fields that belong to the request and not to the command."
JSON_TYPES = frozenset({"application/json", "text/json"})
FORM_TYPE = "application/x-www-form-urlencoded"

_TOO_MANY = f"more than {FIELD_LIMIT} fields"

Pairs = list[tuple[str, str]]
"Names and texts, in the order in which they stand."


class SentFields(NamedTuple):
    """What a request says."""

    fields: Mapping[str, str]
    "With the names as they were sent; those of the body win over those of the query."
    again: tuple[tuple[str, str], ...]
    "What stands a second time in the query, or in the body."
    lower: Mapping[str, str]
    "With lower-case names."
    unreadable: str
    "Why not all of the fields can be read; empty when they can."

    @property
    def command(self) -> str:
        """The name of the command; empty where there is none."""
        return self.lower.get("command", "")


class _Read(NamedTuple):
    """What could be read of a query or a body, and why the rest could not."""

    pairs: Pairs
    unreadable: str = ""


async def read_request(request: web.Request) -> SentFields:
    """The fields of the query, and of a form or a JSON object.

    Of what cannot be read as a whole there are the fields that can, so that its sender is known.
    """
    query, body = _Read(list(request.query.items())), _Read([])
    charset, unreadable = _charset(query.pairs)
    if charset is not None:
        query = _form(request.rel_url.raw_query_string, charset)
    if request.method == "POST":
        body = await _body(request, charset)
    unreadable = unreadable or query.unreadable or body.unreadable
    if len(query.pairs) + len(body.pairs) > FIELD_LIMIT:
        unreadable = _TOO_MANY
    fields, again = _each_once(query.pairs[:FIELD_LIMIT])
    body_fields, body_again = _each_once(body.pairs[:FIELD_LIMIT])
    sent = {name.lower() for name in body_fields}
    fields = {n: text for n, text in fields.items() if n.lower() not in sent} | body_fields
    lower = {name.lower(): text for name, text in fields.items()}
    return SentFields(fields, (*again, *body_again), lower, unreadable)


def _each_once(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], Pairs]:
    """The first text of each name, in any letter case, and what stands again."""
    fields: dict[str, str] = {}
    seen: set[str] = set()
    again: Pairs = []
    for name, text in pairs:
        if name.lower() in seen:
            again.append((name, text))
        else:
            seen.add(name.lower())
            fields[name] = text
    return fields, again


async def _body(request: web.Request, charset: str | None) -> _Read:
    kind = request.content_type
    body = await request.read()
    if kind in JSON_TYPES or (kind == "application/octet-stream" and body.lstrip()[:1] == b"{"):
        return _object(body)
    if kind.startswith("multipart/"):
        try:
            form = await request.post()
        except (ValueError, LookupError):
            return _Read([], "the form cannot be read, expected multipart/form-data")
        return _Read([(name, value) for name, value in form.items() if isinstance(value, str)])
    if kind != FORM_TYPE:
        return _Read([])
    return _form_body(body, charset, request.charset or "utf-8")


def _form_body(body: bytes, charset: str | None, default: str) -> _Read:
    """The pairs of a form in `charset`, else in the one that it names itself, else in `default`."""
    known = charset or default
    try:
        text = body.decode(known)
    except (LookupError, UnicodeError):
        pairs = _form(body.decode(errors="replace"), "utf-8").pairs
        return _Read(pairs, f"the form cannot be read as {known[:40]!r}")
    form_read = _form(text, known)
    if charset is not None:
        return form_read
    named, unreadable = _charset(form_read.pairs)
    if named is None:
        return form_read._replace(unreadable=unreadable or form_read.unreadable)
    return _form(text, named)


def _form(text: str, charset: str) -> _Read:
    """The pairs of a query or a form."""
    parts = text.split("&", FIELD_LIMIT)
    pairs = parse_qsl(
        "&".join(parts[:FIELD_LIMIT]), keep_blank_values=True, encoding=charset, errors="replace"
    )
    return _Read(pairs, _TOO_MANY if len(parts) > FIELD_LIMIT else "")


def _charset(pairs: Pairs) -> tuple[str | None, str]:
    """The charset that a request names, and why it cannot be used if it cannot."""
    name = next((text for name, text in pairs if name.lower() == "_charset_" and text), None)
    if name is None:
        return None, ""
    try:
        "".encode(codecs.lookup(name).name)
    except (LookupError, ValueError):
        expected = "expected a charset such as utf-8 or iso-8859-2"
        return None, f"_charset_ cannot be {name[:40]!r}, {expected}"
    return name, ""


def _object(body: bytes) -> _Read:
    """The pairs of a JSON object; a number is the text that stands there, null is not given."""
    try:
        members = json.loads(
            body.removeprefix(codecs.BOM_UTF8) or b"{}",
            object_pairs_hook=tuple,
            parse_int=str,
            parse_float=str,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError):
        return _Read([], "the body is no JSON object")
    if not isinstance(members, tuple):
        return _Read([], "the body is no JSON object")
    pairs: Pairs = []
    unreadable = ""
    for name, value in members:
        half = half_character(name) or (half_character(value) if isinstance(value, str) else None)
        if half is not None:
            unreadable = unreadable or f"a text of the JSON object holds {half}"
            continue
        match value:
            case None:
                continue
            case str():
                pairs.append((name, value))
            case bool():
                pairs.append((name, str(value).lower()))
            case _:
                kind = "a list" if isinstance(value, list) else "an object"
                wrong = f"{name[:40]} of the JSON object cannot be {kind}"
                unreadable = unreadable or f"{wrong}, expected a text, a number, true or false"
    return _Read(pairs, unreadable)


def _no_number(name: str) -> str:
    """Refuse what JSON does not have, but Python does (RFC 8259 section 6)."""
    raise ValueError(f"{name} is no number")


def names_json_action(request: web.Request) -> bool:
    """Whether the URL names an action of messages, whose dialect reads the JSON body itself."""
    return request.content_type in JSON_TYPES and any(
        name.lower() == "action" for name in request.query
    )
