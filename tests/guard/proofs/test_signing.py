"""A signature proves who has sent a body, and when."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from softswitch.guard.proofs.signing import WINDOW, is_signed, signature

SECRET = "whsec-0123456789abcdef"
BODY = b'{"id":1}'


def test_it_is_the_hmac_of_time_and_body() -> None:
    expected = hmac.new(SECRET.encode(), b'1700000000.{"id":1}', hashlib.sha256).hexdigest()
    assert signature(SECRET, 1_700_000_000.9, BODY) == f"t=1700000000,v1={expected}"


@pytest.mark.parametrize("later", [0, WINDOW, -WINDOW])
def test_what_was_signed_is_believed(later: float) -> None:
    header = signature(SECRET, 1_700_000_000, BODY)
    assert is_signed(SECRET, header, BODY, 1_700_000_000 + later)


@pytest.mark.parametrize(
    ("secret", "body", "later", "header"),
    [
        ("another-secret-0123", BODY, 0, None),
        (SECRET, b'{"id":2}', 0, None),
        (SECRET, BODY, WINDOW + 1, None),
        (SECRET, BODY, -WINDOW - 1, None),
        (SECRET, BODY, 0, ""),
        (SECRET, BODY, 0, "t=1700000000"),
        (SECRET, BODY, 0, "v1=00"),
        (SECRET, BODY, 0, "t=x,v1=00"),
        (SECRET, BODY, 0, "t=1700000000,v1=é"),
    ],
)
def test_nothing_else_is(secret: str, body: bytes, later: float, header: str | None) -> None:
    given = signature(SECRET, 1_700_000_000, BODY) if header is None else header
    assert not is_signed(secret, given, body, 1_700_000_000 + later)
