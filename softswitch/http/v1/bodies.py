"""Reads JSON bodies of `/v1`, and the ETags that a requester has seen (RFC 9110 section 13.1.1)."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from softswitch.http.access.asked_changes import tell_given
from softswitch.http.v1 import uploads
from softswitch.http.v1.faults import BodyFault, FaultyBody, decoded
from softswitch.live.quiet import MANY, quietly

S = TypeVar("S")

LARGEST = 1024 * 1024
"Octets of a body that is one entry or less."
PATIENCE = 30.0
"Seconds until the next octets of a body have come."
LARGE = 64 * 1024
"Octets from which on reading is for a thread."
_ETAG = re.compile(r'"[^"]*"')
_ETAGS = re.compile(r'[\s,]*(?:W/)?"[^"]*"(?:\s*,[\s,]*(?:W/)?"[^"]*")*[\s,]*')


class BadBody(Exception):
    """A body that cannot be read; the sentence says where and what was expected."""

    def __init__(self, sentence: str, faults: Sequence[BodyFault] = ()) -> None:
        super().__init__(sentence)
        self.faults = faults


class Unconditional(Exception):
    """A change without If-Match, which it needs."""


async def octets_of(request: web.Request, largest: int) -> bytes:
    """The body as it came, which may be longer than others.

    Raises HTTPRequestEntityTooLarge, HTTPRequestTimeout, and NotServed where other bodies fill the
    memory for them.
    """
    octets, content = io.BytesIO(), request.content  # the bytes of a BytesIO are no copy
    while not content.at_eof():
        try:
            async with asyncio.timeout(PATIENCE):
                octets.write(await content.readany())
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="the rest of the body does not come") from None
        if octets.tell() > largest:
            raise web.HTTPRequestEntityTooLarge(largest, octets.tell())
        uploads.BODIES.hold(request, octets.tell())
    return octets.getvalue()


async def body_of(
    request: web.Request, kind: type[S], *, empty: S | None = None, largest: int = LARGEST
) -> S:
    """The body as a value of that class; `empty` where there is none, if that may be.

    Raises BadBody, and what `octets_of` raises.
    """
    octets = await octets_of(request, largest)
    if not octets and empty is not None:
        return empty
    given = request.content_type
    if given != "application/json" and not given.endswith("+json"):
        raise BadBody(f"expected a body of type application/json, not {given[:60]}")
    try:
        if len(octets) > LARGE:
            async with quietly(MANY):
                value = await asyncio.to_thread(partial(decoded, octets, kind))
        else:
            value = decoded(octets, kind)
    except FaultyBody as error:
        raise BadBody(str(error), error.faults) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(f"expected JSON: {str(error)[:200]}") from None
    tell_given(request, _names(value))
    return value


def _names(value: object) -> Iterator[str]:
    """The names of the fields that a body has."""
    if isinstance(value, dict):
        yield from map(str, value)
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            if field.required or getattr(value, field.name) != field.default:
                yield field.encode_name


async def table_of(request: web.Request) -> dict[str, Any]:
    """The body as the keys and values of an entry. Raises BadBody."""
    return await body_of(request, dict[str, Any])


def seen_by(request: web.Request, *, needed: bool = True) -> frozenset[str] | None:
    """The ETags of If-Match; None for `*`, which any state fits, and without it if not `needed`.

    Raises Unconditional without it, and BadBody where it cannot be read.
    """
    lines = request.headers.getall("If-Match", ())
    header = ",".join(lines).strip()
    if not header:
        if needed:
            raise Unconditional("expected If-Match with the ETag of what you have seen, or *")
        return None
    if header == "*":
        return None
    if _ETAGS.fullmatch(header) is None:
        raise BadBody(f"If-Match cannot be {header[:60]!r}, expected ETags in quotes, or *")
    return frozenset(_ETAG.findall(header))
