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

FIELD_LIMIT = 3_200
"Fields in one request: `SendMessage` has three for each of at most a thousand messages."
REQUEST_FIELDS = frozenset({"command", "username", "password", "format", "_charset_", "warnings"})
"Fields that belong to the request and not to the command."
JSON_TYPES = frozenset({"application/json", "text/json"})
FORM_TYPE = "application/x-www-form-urlencoded"

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
    "Why the fields cannot be read; empty when they can."

    @property
    def command(self) -> str:
        """The name of the command; empty where there is none."""
        return self.lower.get("command", "")


class _Unreadable(Exception):
    """A body or a query that cannot be read; the sentence says why."""


async def read_request(request: web.Request) -> SentFields:
    """The fields of the query, and of a form or a JSON object."""
    unreadable = ""
    query: Pairs = list(request.query.items())
    body: Pairs = []
    try:
        charset = _charset(query)
        if charset is not None:
            query = _form(request.rel_url.raw_query_string, charset)
        if request.method == "POST":
            body = await _body(request, charset)
    except _Unreadable as error:
        unreadable = str(error)
    if len(query) + len(body) > FIELD_LIMIT:
        unreadable = f"more than {FIELD_LIMIT} fields"
        query, body = query[:FIELD_LIMIT], []
    fields, again = _each_once(query)
    body_fields, body_again = _each_once(body)
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


async def _body(request: web.Request, charset: str | None) -> Pairs:
    """The fields of the body. Raises _Unreadable."""
    kind = request.content_type
    body = await request.read()
    if kind in JSON_TYPES or (kind == "application/octet-stream" and body.lstrip()[:1] == b"{"):
        return _object(body)
    if kind.startswith("multipart/"):
        try:
            form = await request.post()
        except (ValueError, LookupError):
            raise _Unreadable("the form cannot be read, expected multipart/form-data") from None
        return [(name, value) for name, value in form.items() if isinstance(value, str)]
    if kind != FORM_TYPE:
        return []
    known = charset or request.charset or "utf-8"
    try:
        text = body.decode(known)
    except (LookupError, UnicodeError):
        raise _Unreadable(f"the form cannot be read as {known[:40]!r}") from None
    if charset is None and (named := _charset(_form(text, known))) is not None:
        text, known = body.decode(named, "replace"), named
    return _form(text, known)


def _form(text: str, charset: str) -> Pairs:
    """The pairs of a query or a form. Raises _Unreadable."""
    try:
        return parse_qsl(
            text,
            keep_blank_values=True,
            encoding=charset,
            errors="replace",
            max_num_fields=FIELD_LIMIT,
        )
    except ValueError:
        raise _Unreadable(f"more than {FIELD_LIMIT} fields") from None


def _charset(pairs: Pairs) -> str | None:
    """The charset that a request names. Raises _Unreadable."""
    name = next((text for name, text in pairs if name.lower() == "_charset_" and text), None)
    if name is None:
        return None
    try:
        "".encode(codecs.lookup(name).name)
    except (LookupError, ValueError):
        raise _Unreadable(
            f"_charset_ cannot be {name[:40]!r}, expected a charset such as utf-8 or iso-8859-2"
        ) from None
    return name


def _object(body: bytes) -> Pairs:
    """The pairs of a JSON object. Raises _Unreadable."""
    try:
        pairs = json.loads(body.removeprefix(codecs.BOM_UTF8) or b"{}", object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise _Unreadable("the body is no JSON object") from None
    if not isinstance(pairs, tuple):
        raise _Unreadable("the body is no JSON object")
    return [(name, _text(name, value)) for name, value in pairs if value is not None]


def _text(name: str, value: object) -> str:
    """The value of a member as the text of a field. Raises _Unreadable."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case _:
            raise _Unreadable(f"{name[:40]} of the JSON object cannot be a list or an object")
