"""Records of calls as CSV (RFC 4180), safe to open in a spreadsheet.

Callers choose their names. A cell that begins like a formula is given an apostrophe in front, which
a spreadsheet shows as text; numbers such as `+4930…` stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import msgspec

from softswitch.http.v1.history.history_json import CallKept

COLUMNS = tuple(field.name for field in msgspec.structs.fields(CallKept))
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


def rows(calls: Iterable[CallKept], *, with_header: bool) -> bytes:
    """Lines of the table; the header names its columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    if with_header:
        writer.writerow(COLUMNS)
    for call in calls:
        shown = msgspec.to_builtins(call)
        writer.writerow([cell(shown[name]) for name in COLUMNS])
    return out.getvalue().encode()


def cell(value: object) -> str:
    """A value as text that no spreadsheet runs; nothing for None."""
    text = "" if value is None else str(value)
    harmless = not _FORMULA.match(text) or _NUMBER.fullmatch(text)
    return text if harmless else f"'{text}"
