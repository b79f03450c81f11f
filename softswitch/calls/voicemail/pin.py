"""PINs as they are kept: a salt and a slow digest (RFC 8018 section 5.2), never the keys."""

from __future__ import annotations

import hashlib
import re
import secrets
from hmac import compare_digest

ROUNDS = 100_000
"Of the digest: some 30 ms for each try."
FORM = re.compile(r"[0-9]{4,16}", re.ASCII)
"What may be a PIN."


def keep(pin: str) -> str:
    """What is kept of a PIN."""
    salt = secrets.token_hex(8)
    return f"{salt}${_digest(pin, salt)}"


def fits(pin: str, kept: str) -> bool:
    """Whether it is the PIN of which this was kept."""
    salt, _, digest = kept.partition("$")
    return compare_digest(_digest(pin, salt), digest)


def _digest(pin: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt.encode(), ROUNDS).hex()
