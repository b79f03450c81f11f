"""How lists are printed: as tables for people, or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from softswitch.cli.tables import TableColumn, print_table

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most that are listed.")]
Row = Mapping[str, Any]


def print_json(value: object) -> None:
    """Print what `/v1` has answered, for programs."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


def print_list(
    rows: Sequence[Row],
    columns: Mapping[TableColumn, Callable[[Row], object]],
    *,
    as_json: bool,
    none: str,
) -> None:
    """Print rows, each column by what it makes of a row; `none` is said where there are none."""
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo(none)
    else:
        cells = ([str(cell(row)) for cell in columns.values()] for row in rows)
        print_table(tuple(columns), cells)


def say_rest(shown: Sequence[Row], total: int) -> None:
    """Say where a list goes on."""
    if len(shown) < total:
        typer.echo(f"{len(shown)} of {total}: --limit shows more", err=True)


def since(moment: str | None) -> str:
    """How long ago a moment of `/v1` was: `0:05`, `1:02:03`, `3 days`; nothing for None."""
    if not moment:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    return lasting(seconds)


def lasting(seconds: float) -> str:
    """A time for people: `0:05`, `1:02:03`, `3 days`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def joined(texts: Iterable[str]) -> str:
    """Texts with commas between them, without those that are empty."""
    return ", ".join(text for text in texts if text)
