"""`softswitch demo`: two built-in phones talk through a switch of their own."""

from __future__ import annotations

import typer
import uvloop
from rich.console import Console

from softswitch.calls.ports.media_port import WorkerGone
from softswitch.cli.exits import NOT_RUN, fail
from softswitch.demo.show import show
from softswitch.store.errors import StoreError
from softswitch.telemetry import log


def run_demo() -> None:
    """Play the demo; exit code 1 when the phones did not hear each other."""
    log.configure("error")
    try:
        heard = uvloop.run(show(Console()))
    except (OSError, StoreError, WorkerGone) as error:
        fail([f"softswitch: {error}"], NOT_RUN)
    if not heard:
        raise typer.Exit(NOT_RUN)
