"""What tests of the media wing's processes share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.system.media.workers import RunningWorkers, run_workers


@pytest_asyncio.fixture
async def running() -> AsyncIterator[RunningWorkers]:
    """One worker process."""
    async with run_workers() as made:
        yield made
