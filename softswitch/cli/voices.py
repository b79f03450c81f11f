"""`softswitch voices`: a table of the voices of this machine."""

from __future__ import annotations

import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from softswitch.calls.ports.media_workers import WorkerGone, installed_voices
from softswitch.cli.exits import NOT_RUN, fail
from softswitch.telemetry import log


def list_voices(language: str) -> None:
    """Print the voices whose language begins with `language`; all where it is empty."""
    log.configure("error")
    table = Table(Column("voice", no_wrap=True), "language", "engine", "")
    try:
        for voice in uvloop.run(installed_voices()):
            if voice.language.lower().startswith(language.lower()):
                table.add_row(voice.name, voice.language, voice.engine, voice.description)
    except WorkerGone as error:
        fail([f"softswitch: {error}"], NOT_RUN)
    if not table.row_count:
        typer.echo(f"no voice speaks {language!r}" if language else "there are no voices")
        return
    Console().print(table)
