"""`softswitch serve` runs the switch; `softswitch check` only checks its settings."""

from __future__ import annotations

from pathlib import Path

import typer
import uvloop

from softswitch.app.application import Application
from softswitch.app.check_files import look_at_files
from softswitch.app.serve import serve
from softswitch.app.source import source_of
from softswitch.calls.ports.media_port import WorkerGone
from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.what_to_type import what_to_type
from softswitch.settings.load import ConfigurationError, Settings, load
from softswitch.settings.passwords import Passwords, collect
from softswitch.store.errors import StoreError
from softswitch.telemetry import log


def run_switch(config: Path) -> None:
    """Run the switch of a settings file until SIGTERM."""
    settings, passwords = _read(config)
    log.configure(settings.logging.level, settings.logging.format)

    def ready(application: Application) -> None:
        for line in what_to_type(settings, passwords):
            typer.echo(line)
        typer.echo(f"softswitch ready: {' '.join(application.addresses())}")

    try:
        uvloop.run(serve(settings, passwords, ready, source_of(config, settings, _load)))
    except (OSError, StoreError, WorkerGone) as error:
        fail([f"softswitch: {error}"], NOT_RUN)


def check_settings(config: Path) -> None:
    """Print OK, or one line for every mistake in a settings file."""
    try:
        _load(config, strict=True)
    except ConfigurationError as error:
        fail(error.lines, WRONG_SETTINGS)
    typer.echo("OK")


def _load(config: Path, *, strict: bool | None = None) -> Settings:
    """The settings, whose files are there; one ConfigurationError with every mistake.

    `strict` also refuses what scripts can run without; None: where the settings say so.
    """
    lines: list[str] = []
    try:
        rest: Settings | None = (settings := load(config))
    except ConfigurationError as error:
        lines, rest = list(error.lines), error.rest
    if rest is not None:
        try:
            look_at_files(config, rest, strict=rest.ozml.strict if strict is None else strict)
        except ConfigurationError as error:
            lines += error.lines
    if lines:
        raise ConfigurationError(lines)
    return settings


def _read(config: Path) -> tuple[Settings, Passwords]:
    try:
        settings = _load(config)
        return settings, collect(settings)
    except ConfigurationError as error:
        fail(error.lines, WRONG_SETTINGS)
