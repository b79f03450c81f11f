"""Signatures of what the switch sends to web servers, by a secret that both sides know.

The scheme is Stripe's: HMAC-SHA256 (RFC 2104, FIPS 198-1) of the time and the body. The time lets
the receiver refuse what somebody has recorded and sends again later.
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Softswitch-Signature"
WINDOW = 300.0
"Seconds that the time of a signature may be away from the receiver's clock."


def signature(secret: str, seconds: float, body: bytes) -> str:
    """The value of the header: `t=1764543600,v1=5257a8…`; `seconds` is Unix time."""
    at = int(seconds)
    return f"t={at},v1={_mac(secret, at, body)}"


def is_signed(secret: str, header: str, body: bytes, now: float) -> bool:
    """Whether a body was signed with the secret, within the window around `now`."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit():
        return False
    at = int(times[0][:20])
    if abs(now - at) > WINDOW:
        return False
    expected = _mac(secret, at, body)
    given = (value for name, _, value in parts if name == "v1")
    return any(hmac.compare_digest(expected.encode(), value.encode()) for value in given)


def _mac(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
