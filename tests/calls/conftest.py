"""The log of these tests: short lines, and exceptions without the values of every frame."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(scope="session", autouse=True)
def short_log() -> Iterator[None]:
    """Write the log as cheaply as may be: a test makes many lines, and people read few of them."""
    before = structlog.get_config()["processors"]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ]
    )
    yield
    structlog.configure(processors=before)
