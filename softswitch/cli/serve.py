"""`softswitch serve` runs the switch."""

from __future__ import annotations

from pathlib import Path

import typer
import uvloop

from softswitch.app.application import Application
from softswitch.app.reading import read_settings
from softswitch.app.serve import serve
from softswitch.app.source import source_of
from softswitch.calls.ports.media_port import WorkerGone
from softswitch.cli.asking.entrance import passwords_of
from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE
from softswitch.cli.what_to_type import what_to_type, where_to_begin
from softswitch.settings.load import ConfigurationError, Settings
from softswitch.settings.passwords import Passwords, collect
from softswitch.settings.plain.keys import PlainSettings
from softswitch.settings.plain.places import unfinished_restore
from softswitch.settings.toml import NotToml
from softswitch.shipped.files import DEFAULTS
from softswitch.store.errors import StoreError
from softswitch.telemetry import log


def run_switch(config: Path) -> None:
    """Run the switch of a settings file until SIGTERM."""
    if config == DEFAULTS:
        typer.echo(
            f"No {DEFAULT_FILE} here: the switch runs for this machine alone. To change it, "
            "write a settings file with `softswitch init`, and start it again."
        )
    _refuse_half_restored(config)
    settings, passwords = _read(config)
    log.configure(settings.logging.level, settings.logging.format)

    def ready(application: Application) -> None:
        for line in what_to_type(settings, passwords):
            typer.echo(line)
        typer.echo(f"softswitch ready: {' '.join(application.addresses())}")
        typer.echo(where_to_begin(settings, application.http.listen))

    try:
        uvloop.run(serve(settings, passwords, ready, source_of(config, settings)))
    except (OSError, StoreError, WorkerGone) as error:
        fail([f"softswitch: {error}"], NOT_RUN)


def _refuse_half_restored(config: Path) -> None:
    """End where `softswitch restore` was interrupted: files would not belong together."""
    try:
        kept = passwords_of(PlainSettings.read(config))
    except (OSError, NotToml):
        return  # what reads the settings says it better
    unfinished = unfinished_restore(kept)
    if unfinished.exists():
        fail([f"{unfinished}: a restore was interrupted: do it again, with --force"], NOT_RUN)


def _read(config: Path) -> tuple[Settings, Passwords]:
    try:
        settings = read_settings(config)
        return settings, collect(settings)
    except ConfigurationError as error:
        fail(error.lines, WRONG_SETTINGS)
