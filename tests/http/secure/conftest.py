"""TLS is the event loop's own, so these tests run on asyncio's and on uvloop."""

from __future__ import annotations

from tests.transport.conftest import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]
