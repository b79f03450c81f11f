"""Times of SMPP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.messaging.smpp.times import read_time, relative_time


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("000002000000000R", 1000 + 172_800),
        ("700101000000000+", 3155760000.0),
        ("991332000000000+", None),
        ("soon", None),
        ("260101000000004+", 1767225600 - 3600),
        ("260101000000504-", 1767225600.5 + 3600),
    ],
)
def test_times(text: str, at: float | None) -> None:
    assert read_time(text, 1000.0) == at


@given(st.integers(1, 99 * 86_400))
def test_relative_times(seconds: int) -> None:
    assert read_time(relative_time(seconds), 0.0) == seconds
