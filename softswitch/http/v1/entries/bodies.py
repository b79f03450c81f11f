"""Reads JSON bodies of `/v1`, and the ETags that a requester has seen (RFC 9110 section 13.1.1)."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from softswitch.http.v1.faults import decoded
from softswitch.live.quiet import MANY, quietly

S = TypeVar("S")

LARGEST = 16 * 1024 * 1024
"Octets of a body: ten thousand changes have room."
LARGE = 64 * 1024
"Octets from which on reading is for a thread."
_ETAG = re.compile(r'\s*(?:W/)?("[^"]*")\s*(?:,|$)')


class BadBody(Exception):
    """A body that cannot be read; the sentence says where and what was expected."""


async def body_of(request: web.Request, kind: type[S]) -> S:
    """The body as a value of that class. Raises BadBody, and HTTPRequestEntityTooLarge."""
    given = request.content_type
    if given != "application/json" and not given.endswith("+json"):
        raise BadBody(f"expected a body of type application/json, not {given[:60]}")
    octets = bytearray()
    async for chunk in request.content.iter_any():
        octets += chunk
        if len(octets) > LARGEST:
            raise web.HTTPRequestEntityTooLarge(LARGEST, len(octets))
    try:
        if len(octets) > LARGE:
            async with quietly(MANY):
                return await asyncio.to_thread(partial(decoded, bytes(octets), kind))
        return decoded(bytes(octets), kind)
    except msgspec.ValidationError as error:
        raise BadBody(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(f"expected JSON: {str(error)[:200]}") from None


async def table_of(request: web.Request) -> dict[str, Any]:
    """The body as the keys and values of an entry. Raises BadBody."""
    return await body_of(request, dict[str, Any])


def expected_by(request: web.Request) -> frozenset[str] | None:
    """The ETags of If-Match; None for `*`, which any state fits. Raises BadBody without either."""
    header = request.headers.get("If-Match", "").strip()
    if header == "*":
        return None
    found = frozenset(_ETAG.findall(header))
    if not found:
        raise BadBody("expected If-Match with the ETag of what you have seen, or *")
    return found


class Unconditional(Exception):
    """A change without If-Match."""


def seen_by(request: web.Request) -> frozenset[str] | None:
    """The same as `expected_by`; raises Unconditional."""
    try:
        return expected_by(request)
    except BadBody as error:
        raise Unconditional(str(error)) from None
