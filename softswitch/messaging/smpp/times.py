"""Times of SMPP: `YYMMDDhhmmsstnnp` (SMPP 3.4, section 7.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_FORM = re.compile(
    r"([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9])([0-9]{2})([-+R])"
)
LONGEST_DAYS = 99


def read_time(text: str, now: float) -> float | None:
    """Seconds since 1970, of an absolute time or of one relative to now; None if it is neither."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    years, months, days, hours, minutes, seconds, tenths, quarters = map(int, match.groups()[:8])
    if match[9] == "R":
        whole_days = years * 365 + months * 30 + days
        return (
            now
            + timedelta(
                days=whole_days, hours=hours, minutes=minutes, seconds=seconds
            ).total_seconds()
        )
    try:
        local = datetime(2000 + years, months, days, hours, minutes, seconds, tzinfo=UTC)
    except ValueError:
        return None
    offset = quarters * 900 * (1 if match[9] == "+" else -1)
    return local.timestamp() + tenths / 10 - offset


def relative_time(seconds: float) -> str:
    """So many seconds from now, at most 99 days."""
    whole = max(1, min(int(seconds), LONGEST_DAYS * 86_400))
    days, rest = divmod(whole, 86_400)
    months, days = divmod(days, 30)
    hours, rest = divmod(rest, 3_600)
    return f"00{months:02}{days:02}{hours:02}{rest // 60:02}{rest % 60:02}000R"
