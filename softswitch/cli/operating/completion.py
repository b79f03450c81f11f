"""What the shell completes behind a command: names that the running switch knows.

The shell shows nothing where the switch does not answer: nobody has asked for a sentence.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import typer

from softswitch.cli.options import DEFAULT_FILE

MOST = "100"
"Names that are looked through."


def call_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The calls that are up, each with its numbers."""
    calls = _rows(context, "calls", "calls", quality="false")
    return [
        (str(each["id"]), f"{each['caller']['number']} → {each['callee']['number']}")
        for each in calls
        if str(each["id"]).startswith(incomplete)
    ]


def registration_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The phones that are registered."""
    rows = _rows(context, "registrations", "registrations")
    return [
        (str(each["id"]), f"{each['number']} at {each['source']}")
        for each in rows
        if str(each["id"]).startswith(incomplete)
    ]


def recording_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The newest recordings."""
    rows = _rows(context, "recordings", "recordings")
    return [
        (str(each["id"]), str(each["file"]))
        for each in rows
        if str(each["id"]).startswith(incomplete)
    ]


def _rows(context: typer.Context, path: str, rows: str, **query: str) -> list[dict[str, Any]]:
    from softswitch.cli.asking.ask import ask_v1

    config = context.params.get("config")
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            told = ask_v1(
                config if isinstance(config, Path) else DEFAULT_FILE,
                context.params.get("user"),
                path,
                limit=MOST,
                **query,
            )
        except typer.Exit:
            return []
    found: list[dict[str, Any]] = told[rows]
    return found
