"""Asks `/v1` without sockets, for stories on virtual time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any
from unittest.mock import Mock

from aiohttp import encode_basic_auth, web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request


async def asks(
    routes: Iterable[web.RouteDef], method: str, path: str, body: Any = None, user: str = "admin"
) -> tuple[int, Any]:
    """Status, and what the JSON of the answer says; `body` is JSON, or octets as they are.

    The password of every user is `pw`.
    """
    reader = StreamReader(Mock(), 2**16, loop=asyncio.get_running_loop())
    if body is not None:
        reader.feed_data(body if isinstance(body, bytes) else json.dumps(body).encode())
    reader.feed_eof()
    headers = {
        "Authorization": encode_basic_auth(user, "pw"),
        "Content-Type": "application/json",
    }
    for route in routes:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
        found = re.fullmatch(pattern, f"/v1{path}".partition("?")[0])
        if found and route.method == method:
            request = make_mocked_request(
                method,
                f"/v1{path}",
                headers=headers,
                match_info=found.groupdict(),
                payload=reader,
                writer=Mock(output_size=0),
            )
            answer = await route.handler(request)  # type: ignore[arg-type, misc]
            assert isinstance(answer, web.Response)
            assert isinstance(answer.body, bytes | None)
            return answer.status, json.loads(answer.body) if answer.body else None
    raise AssertionError(f"no route {method} {path}")
