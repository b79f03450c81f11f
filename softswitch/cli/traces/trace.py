"""`softswitch trace`: what happened to a call, as a ladder, JSON or capture file."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import local_time, printable
from softswitch.cli.traces.ladder import label_of, ladder, told

LOOK_SECONDS = 0.5
"How often the switch is asked what is new."


def trace_command(
    call: Annotated[
        str | None, typer.Argument(help="The id of a call, of the history or of the log.")
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show what happens now, of all calls or of one.")
    ] = False,
    sip: Annotated[
        bool, typer.Option("--sip", help="Whole SIP messages below their lines.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each line.")] = False,
    pcap: Annotated[
        Path | None, typer.Option("--pcap", help="Write the SIP messages into this file.")
    ] = None,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Tell what happened to a call, or what happens now."""
    if follow:
        _follow(config, user, call, sip=sip, as_json=as_json)
    elif call is None:
        fail(["expected the id of a call, or --follow"], WRONG_SETTINGS)
    elif pcap is not None:
        _write(config, user, call, pcap)
    else:
        _tell(config, user, call, sip=sip, as_json=as_json)


def _tell(config: Path, user: str | None, call: str, *, sip: bool, as_json: bool) -> None:
    from softswitch.cli.asking.ask import ask_v1_all, quoted

    lines = ask_v1_all(config, user, f"calls/{quoted(call)}/trace", "lines")
    if as_json:
        for line in lines:
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    drawn = ladder(lines, _width())
    typer.echo(next(drawn))
    for line, shown in zip(lines, drawn, strict=True):
        typer.echo(shown)
        for part in _whole(line) if sip else ():
            typer.echo(part)


def _write(config: Path, user: str | None, call: str, file: Path) -> None:
    from softswitch.cli.asking.ask import ask_v1_octets, quoted

    octets = ask_v1_octets(config, user, f"calls/{quoted(call)}/trace.pcap")
    try:
        file.write_bytes(octets)
    except OSError as error:
        fail([f"{file} cannot be written: {error.strerror}"], NOT_RUN)
    typer.echo(f"{len(octets)} octets written to {file}")


def _follow(config: Path, user: str | None, call: str | None, *, sip: bool, as_json: bool) -> None:
    """Show lines as they come, until Ctrl-C or until nobody reads them."""
    try:
        for line in _new_lines(config, user):
            if call is not None and line["call_id"] != call:
                continue
            if as_json:
                typer.echo(json.dumps(line, ensure_ascii=False))
                continue
            typer.echo(followed(line))
            for part in _whole(line) if sip else ():
                typer.echo(part)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _new_lines(config: Path, user: str | None) -> Iterator[dict[str, Any]]:
    from softswitch.cli.asking.ask import ask_v1

    after = ask_v1(config, user, "traces/recent")["next"]
    while True:
        answer = ask_v1(config, user, "traces/recent", after=str(after))
        if answer["missed"]:
            typer.echo(f"{answer['missed']} lines came too fast to be shown", err=True)
        yield from answer["lines"]
        if answer["next"] == after:
            time.sleep(LOOK_SECONDS)
        after = answer["next"]


def followed(line: dict[str, Any]) -> str:
    """A line of any call, as `--follow` shows it."""
    head = f"{local_time(line['at'])} [{printable(line['call_id'])}] "
    if line["kind"] != "sip":
        return head + told(line)
    arrow = "▶" if line["direction"] == "out" else "◀"
    party = printable(line["party"] or line["facts"]["remote"])
    return f"{head}switch {arrow} {party} {printable(label_of(line['what']))}"


def _whole(line: dict[str, Any]) -> list[str]:
    """The lines of a SIP message, indented; none of any other line."""
    return [f"    {printable(part)}" for part in line["text"].rstrip().splitlines()]


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns
