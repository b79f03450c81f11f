"""Tables for a terminal: they fit its width, and leave out columns that matter less.

What goes to a file or to another program is as wide as it needs to be, a row a line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

GAP = 2
"Blanks between two columns, one of which the box has."
NARROWEST = 8
"Characters that a column with long texts keeps when they are folded."


class TableColumn(NamedTuple):
    """A column: its title, and what becomes of it where there is little room."""

    title: str
    leaves: int = 0
    "Larger ones are left out first; 0 stays."
    folds: bool = False
    "Whether its texts may go on in the next line."


def local(moment: str) -> str:
    """A moment of `/v1`, whatever its offset, by the clock here: `2026-11-30 08:15:00`."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}" if moment else ""


def local_time(moment: str) -> str:
    """The time of day of a moment of `/v1` by the clock here: `08:15:00.123`."""
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S.%f}"[:12]


def printable(text: str) -> str:
    """A text without what would steer a terminal: callers choose names, and numbers."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def print_table(columns: Sequence[TableColumn], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for the terminal that there is."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[Text(printable(cell)) for cell in row] for row in rows]
    widths = [
        max([len(column.title), *(row[at].cell_len for row in cells)])
        for at, column in enumerate(columns)
    ]
    room = _room()
    shown = _fitting(columns, widths, room)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for at in shown:
        column = columns[at]
        table.add_column(
            column.title,
            no_wrap=not column.folds,
            min_width=min(widths[at], NARROWEST) if column.folds else widths[at],
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(row[at] for at in shown))
    wide = sum(widths) + GAP * len(widths)
    Console(width=room or wide, highlight=False).print(table)


def _room() -> int | None:
    """Characters of a line; None where nobody reads them in a window."""
    if not (sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()):
        return None
    from rich.console import Console

    return Console().width


def _fitting(columns: Sequence[TableColumn], widths: Sequence[int], room: int | None) -> list[int]:
    """Which columns are shown, by their places: all, or those that matter most."""
    shown = list(range(len(columns)))

    def needed() -> int:
        narrow = (
            min(widths[at], NARROWEST * 2) if columns[at].folds else widths[at] for at in shown
        )
        return sum(narrow) + GAP * len(shown)

    while room is not None and needed() > room:
        least = max(shown, key=lambda at: columns[at].leaves)
        if not columns[least].leaves:
            break
        shown.remove(least)
    return shown
