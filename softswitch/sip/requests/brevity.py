"""What is asked for too short a time gets 423 and the shortest that may be asked for.

The same for registrations (RFC 3261 section 10.3 step 7), subscriptions (RFC 6665 section 4.2.1.1)
and publications (RFC 3903 section 6 step 4).
"""

from __future__ import annotations

HOUR = 3600
"Seconds from which on nothing is too brief."


def too_brief(wanted: int, least: int) -> tuple[str, str] | None:
    """The header of a 423 for `wanted` seconds where `least` may be asked for; None: they may.

    0 ends it, and is never too brief.
    """
    return ("Min-Expires", str(least)) if 0 < wanted < min(least, HOUR) else None
