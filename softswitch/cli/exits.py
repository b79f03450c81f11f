"""Exit codes of the commands, and how they complain: lines on standard error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import typer

NOT_RUN = 1
"What was asked for could not be done."
WRONG_SETTINGS = 2
"The settings or the options are wrong."
INTERRUPTED = 130
"Ctrl-C ended it; the code that shells have for it."


def fail(lines: Iterable[str], code: int) -> NoReturn:
    """Print the lines as errors and end with the exit code."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)
