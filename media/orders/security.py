"""What is to protect a leg, as its row's contexts of SRTP (RFC 4568, RFC 5764)."""

from __future__ import annotations

from media.control.security import Security
from media.orders.request_table import Refusal
from media.srtp.protection import Protection
from media.srtp.suites import why_unusable


def check_security(security: Security | None) -> None:
    """Raise `Refusal` when keys do not fit their suite; it shows none of them."""
    if security is None:
        return
    if security.dtls is not None:
        raise Refusal("this worker cannot agree on keys by DTLS yet")
    problem = None if security.srtp is None else why_unusable(security.srtp)
    if problem is not None:
        raise Refusal(problem)


def protect_leg(protection: Protection, row: int, security: Security | None) -> None:
    """Let nothing of a row pass in the clear from now on, or everything."""
    if security is not None and security.srtp is not None:
        protection.install(row, security.srtp)
    else:
        protection.expose(row)
