"""The command line: `softswitch serve`, `check`, `demo`, `script`, `certificate` and so on.

Exit codes: 0 as asked, 1 the switch could not run, 2 the settings are wrong, 130 a script that
Ctrl-C ended.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.exits import WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile
from softswitch.cli.start.lazy import LazyCommands
from softswitch.cli.start.plain_values import read_plainly

PURPOSES = "script, CallChanged, RoutingInterception"
"What `script --check` takes a document for; a test compares it with `ozml/terminal/`."

read_plainly()
app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=__doc__,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"softswitch {version('softswitch')}")
        raise typer.Exit


@app.callback()
def about_all(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show name and version.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take what stands before the command."""


@app.command("init")
def init_command(
    folder: Annotated[Path, typer.Argument(help="Where it is written; by default here.")] = Path(),
) -> None:
    """Write a settings file with every key explained, beside a sound and a script."""
    from softswitch.cli.files.init import write_settings

    write_settings(folder)


@app.command("serve")
def serve_command(config: ConfigFile = DEFAULT_FILE) -> None:
    """Run the switch until SIGTERM."""
    from softswitch.cli.serve import run_switch

    run_switch(config)


@app.command("check")
def check_command(config: ConfigFile = DEFAULT_FILE) -> None:
    """Say whether the settings are right."""
    from softswitch.app.reading import read_settings
    from softswitch.settings.load import ConfigurationError

    try:
        read_settings(config, strict=True)
    except ConfigurationError as error:
        fail(error.lines, WRONG_SETTINGS)
    typer.echo("OK")


@app.command("demo")
def demo_command() -> None:
    """Let two built-in phones talk through a switch of their own; needs no phone, no settings."""
    from softswitch.cli.demo import run_demo

    run_demo()


@app.command("script")
def script_command(
    file: Annotated[Path, typer.Argument(help="An OzML script.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Only name its mistakes.")] = False,
    purpose: Annotated[
        str, typer.Option("--for", help=f"What --check takes it for: {PURPOSES}.")
    ] = "script",
    keys: Annotated[
        str | None, typer.Option("--keys", help="Keys the caller presses; a space is none in time.")
    ] = None,
    hears: Annotated[
        str | None,
        typer.Option(
            "--hears", help="What Detect hears, such as machine,beep; nothing is nothing."
        ),
    ] = None,
    static: Annotated[
        Path, typer.Option("--static", help="Where relative paths of Play start.")
    ] = Path("config/static"),
) -> None:
    """Run a script against a simulated caller: texts are shown, keys typed, time skipped."""
    from softswitch.cli.script import check_script, run_script

    if check:
        check_script(file, purpose)
    else:
        run_script(file, purpose, keys=keys, hears=hears, static=static)


@app.command("certificate")
def certificate_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Host names and addresses; by default those of this machine."),
    ] = None,
    *,
    folder: Annotated[Path, typer.Option("--folder", help="Where the files are.")] = Path(
        "config/tls"
    ),
    file: Annotated[
        str, typer.Option("--file", help="What certificate and key are called there.")
    ] = "server",
    days: Annotated[int, typer.Option("--days", help="How long it is valid.", min=1)] = 397,
) -> None:
    """Make an authority of one's own, where there is none, and a certificate; for trials."""
    from softswitch.cli.files.certificate import make_certificate

    make_certificate(names or (), folder=folder, file=file, days=days)


@app.command("voices")
def voices_command(
    language: Annotated[str, typer.Argument(help="Only voices of this language, such as en.")] = "",
) -> None:
    """List the voices that Speak takes."""
    from softswitch.cli.voices import list_voices

    list_voices(language)


def main() -> None:
    """Run the command line; a switch that has started collects garbage (`app/process.py`)."""
    gc.disable()  # what is imported stays: to look through it time and again costs a sixth more
    app()
