"""Moments as all of `/v1` shows them: ISO 8601 with the offset from UTC of this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

Moment = Annotated[datetime, Meta(tz=True, description="With the offset from UTC.")]


def moment(seconds: float) -> datetime:
    """Unix time in seconds as it is shown."""
    return datetime.fromtimestamp(seconds, UTC).astimezone()
