"""`softswitch voices`: a table of the voices of this machine."""

from __future__ import annotations

import typer
import uvloop

from softswitch.calls.ports.media_workers import WorkerGone, installed_voices
from softswitch.cli.exits import NOT_RUN, fail
from softswitch.cli.tables import TableColumn, print_table
from softswitch.telemetry import log

ESPEAK = "espeak"
"The engine that speaks most languages; a Debian package that can be left out."
COLUMNS = (
    TableColumn("voice"),
    TableColumn("language"),
    TableColumn("engine", leaves=1),
    TableColumn("", leaves=2, folds=True),
)


def list_voices(language: str) -> None:
    """Print the voices whose language begins with `language`; all where it is empty."""
    log.configure("error")
    try:
        voices = uvloop.run(installed_voices())
    except WorkerGone as error:
        fail([f"softswitch: {error}"], NOT_RUN)
    rows = [
        (voice.name, voice.language, voice.engine, voice.description)
        for voice in voices
        if voice.language.lower().startswith(language.lower())
    ]
    if rows:
        print_table(COLUMNS, rows)
    else:
        typer.echo(f"no voice speaks {language!r}" if language else "there are no voices")
    if not any(voice.engine == ESPEAK for voice in voices):
        typer.echo(
            "the program espeak-ng, which speaks all languages but English, is not installed"
        )
