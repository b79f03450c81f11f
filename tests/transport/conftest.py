"""Every asynchronous test of the transports runs on asyncio's own loop and on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops, by the names that test ids show."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
