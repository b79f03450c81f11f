"""The command line: `softswitch serve`, `check`, `demo`, `script` and `messages`.

Exit codes: 0 as asked, 1 the switch could not run, 2 the settings are wrong, 130 a script that
Ctrl-C ended.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from softswitch.app.application import Application, serve
from softswitch.app.build_signalling import media_addresses
from softswitch.app.check_files import look_at_files
from softswitch.calls.ports.media_port import WorkerGone, installed_voices
from softswitch.cli.messages import app as messages_app
from softswitch.commands.base.command import Contexts
from softswitch.demo.show import show
from softswitch.ozml import terminal
from softswitch.settings.extensions.echo import EchoExtension
from softswitch.settings.load import DEFAULT_FILE, ConfigurationError, Settings, load
from softswitch.settings.passwords import Passwords, collect
from softswitch.store.database.errors import StoreError
from softswitch.telemetry import log
from softswitch.transport.addresses import WILDCARDS

SHOWN = 5
"Phones that are printed, with their random passwords; the file has those of all."

AS_SET = "as in the settings"

INTERRUPTED = 130
"Exit code after Ctrl-C, as shells have it."

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)
app.add_typer(messages_app, name="messages")
ConfigFile = Annotated[Path, typer.Option("--config", help="The settings file.")]


@app.command("serve")
def serve_command(config: ConfigFile = DEFAULT_FILE) -> None:
    """Run the switch until SIGTERM."""
    settings, passwords = _read(config)
    log.configure(settings.logging.level, settings.logging.format)

    def ready(application: Application) -> None:
        for line in what_to_type(settings, passwords):
            typer.echo(line)
        typer.echo(f"softswitch ready: {' '.join(application.addresses())}")

    try:
        uvloop.run(serve(settings, passwords, ready))
    except (OSError, StoreError, WorkerGone) as error:
        _fail([f"softswitch: {error}"], 1)


@app.command("check")
def check_command(config: ConfigFile = DEFAULT_FILE) -> None:
    """Say whether the settings are right."""
    try:
        look_at_files(config, load(config))
    except ConfigurationError as error:
        _fail(error.lines, 2)
    typer.echo("OK")


@app.command("demo")
def demo_command() -> None:
    """Let two built-in phones talk through a switch of their own; needs no phone, no settings."""
    log.configure("error")
    try:
        heard = uvloop.run(show(Console()))
    except (OSError, StoreError, WorkerGone) as error:
        _fail([f"softswitch: {error}"], 1)
    if not heard:
        raise typer.Exit(1)


@app.command("script")
def script_command(
    file: Annotated[Path, typer.Argument(help="An OzML script.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Only name its mistakes.")] = False,
    purpose: Annotated[
        str,
        typer.Option("--for", help=f"What --check takes it for: {', '.join(terminal.DOORS)}."),
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
    log.configure("error")
    doors = {name.lower(): door for name, door in terminal.DOORS.items()}
    door = doors.get(purpose.lower())
    if door is None:
        _fail([f"--for cannot be {purpose!r}, expected one of {', '.join(terminal.DOORS)}"], 2)
    if not check and door is not Contexts.SCRIPT:
        _fail([f"--for {purpose} needs --check: only scripts of extensions run here"], 2)
    mistakes = list(terminal.check(file, door))
    if mistakes:
        _fail(mistakes, 2)
    if check:
        typer.echo("OK")
        return
    if wrong := sorted(set(keys or "") - terminal.KEYS - {" "}):
        expected = "keys out of 0-9 * # A-D, and a space for none in time"
        _fail([f"--keys cannot hold {wrong[0]!r}, expected {expected}"], 2)
    sounds = None if hears is None else [sound.strip() for sound in hears.split(",")]
    if unknown := sorted(set(sounds or ()) - terminal.SOUNDS):
        known = ", ".join(sorted(terminal.SOUNDS - {""}))
        _fail([f"--hears cannot be {unknown[0]!r}, expected some of {known}"], 2)
    try:
        ended = terminal.play(
            file, static=static, keys=keys, say=typer.echo, ask=_ask_for_keys, sounds=sounds
        )
    except KeyboardInterrupt:
        typer.echo()
        raise typer.Exit(INTERRUPTED) from None
    if not ended:
        raise typer.Exit(1)


def _ask_for_keys() -> str:
    """What is typed. Raises EOFError at its end."""
    if sys.stdin is None:
        raise EOFError
    try:
        return input("keys (Enter for none): ")
    except EOFError:
        typer.echo()
        raise


@app.command("voices")
def voices_command(
    language: Annotated[str, typer.Argument(help="Only voices of this language, such as en.")] = "",
) -> None:
    """List the voices that Speak takes."""
    log.configure("error")
    table = Table(Column("voice", no_wrap=True), "language", "engine", "")
    try:
        for voice in uvloop.run(installed_voices()):
            if voice.language.lower().startswith(language.lower()):
                table.add_row(voice.name, voice.language, voice.engine, voice.description)
    except WorkerGone as error:
        _fail([f"softswitch: {error}"], 1)
    if not table.row_count:
        typer.echo(f"no voice speaks {language!r}" if language else "there are no voices")
        return
    Console().print(table)


def _read(config: Path) -> tuple[Settings, Passwords]:
    try:
        settings = load(config)
        look_at_files(config, settings)
        return settings, collect(settings)
    except ConfigurationError as error:
        _fail(error.lines, 2)


def _fail(lines: tuple[str, ...] | list[str], code: int) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)


def what_to_type(settings: Settings, passwords: Passwords) -> Iterator[str]:
    """What a softphone needs to know; passwords only where they are random ones."""
    if passwords.phones:
        listen = settings.sip.listen[0]
        server = listen.host
        if server in WILDCARDS:
            server = settings.sip.advertise or media_addresses(settings.sip, settings.media)[0]
        kinds = " or ".join(dict.fromkeys(part.transport.upper() for part in settings.sip.listen))
        yield f"Softphones: server {server}, port {listen.port}, {kinds}"
        random = passwords.random_phones
        for number in sorted(passwords.phones, key=lambda each: (each not in random, each))[:SHOWN]:
            shown = passwords.phones[number] if number in random else AS_SET
            yield f"  user {number}   password {shown}"
        for extension in settings.extensions:
            if isinstance(extension, EchoExtension):
                yield f"  call {next(extension.numbers())} to hear yourself"
    for user in sorted(passwords.http):
        shown = passwords.http[user] if user in passwords.random_http else AS_SET
        yield f"HTTP: user {user}   password {shown}"
    if passwords.random_phones or passwords.random_http:
        yield f"(all random passwords are in {passwords.file})"


def main() -> None:
    """Run the command line."""
    app()
