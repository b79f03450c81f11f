"""What is too brief, at the bounds."""

from __future__ import annotations

import pytest

from softswitch.sip.requests.brevity import too_brief


@pytest.mark.parametrize(
    ("wanted", "least", "refused"),
    [
        (0, 60, False),
        (1, 60, True),
        (59, 60, True),
        (60, 60, False),
        (1, 0, False),
        (3599, 7200, True),
        (3600, 7200, False),
    ],
)
def test_an_hour_is_never_too_brief(wanted: int, least: int, refused: bool) -> None:
    assert too_brief(wanted, least) == (("Min-Expires", str(least)) if refused else None)
