"""`softswitch script`: a script with a simulated caller in the terminal, or only its mistakes."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from softswitch.cli.exits import INTERRUPTED, NOT_RUN, WRONG_SETTINGS, fail
from softswitch.commands.base.placement import Contexts
from softswitch.ozml.terminal import terminal
from softswitch.telemetry import log


def check_script(file: Path, purpose: str) -> None:
    """Print OK, or the mistakes of a script that is for that purpose."""
    log.configure("error")
    _fail_for_mistakes(file, _context(purpose))
    typer.echo("OK")


def run_script(
    file: Path, purpose: str, *, keys: str | None, hears: str | None, static: Path
) -> None:
    """Run a script; `keys` and `hears` are as the options have them, None where there are none."""
    log.configure("error")
    context = _context(purpose)
    if context is not Contexts.SCRIPT:
        fail(
            [f"--for {purpose} needs --check: only scripts of extensions run here"], WRONG_SETTINGS
        )
    _fail_for_mistakes(file, context)
    _check_keys(keys)
    sounds = _sounds(hears)
    try:
        ended = terminal.play(
            file, static=static, keys=keys, say=typer.echo, ask=_ask_for_keys, sounds=sounds
        )
    except KeyboardInterrupt:
        typer.echo()
        raise typer.Exit(INTERRUPTED) from None
    if not ended:
        raise typer.Exit(NOT_RUN)


def _context(purpose: str) -> Contexts:
    contexts = {name.lower(): context for name, context in terminal.PURPOSES.items()}
    context = contexts.get(purpose.lower())
    if context is None:
        known = ", ".join(terminal.PURPOSES)
        fail([f"--for cannot be {purpose!r}, expected one of {known}"], WRONG_SETTINGS)
    return context


def _fail_for_mistakes(file: Path, context: Contexts) -> None:
    mistakes = list(terminal.check(file, context))
    if mistakes:
        fail(mistakes, WRONG_SETTINGS)


def _check_keys(keys: str | None) -> None:
    if wrong := sorted(set(keys or "") - terminal.KEYS - {" "}):
        expected = "keys out of 0-9 * # A-D, and a space for none in time"
        fail([f"--keys cannot hold {wrong[0]!r}, expected {expected}"], WRONG_SETTINGS)


def _sounds(hears: str | None) -> list[str] | None:
    """The sounds of `--hears`, an empty one being nothing in time."""
    sounds = None if hears is None else [sound.strip() for sound in hears.split(",")]
    if unknown := sorted(set(sounds or ()) - terminal.SOUNDS):
        known = ", ".join(sorted(terminal.SOUNDS - {""}))
        fail([f"--hears cannot be {unknown[0]!r}, expected some of {known}"], WRONG_SETTINGS)
    return sounds


def _ask_for_keys() -> str:
    """What is typed. Raises EOFError at its end."""
    if sys.stdin is None:
        raise EOFError
    try:
        return input("keys (Enter for none): ")
    except EOFError:
        typer.echo()
        raise
