"""`softswitch route`: which rule of the dial plan takes a number, and why; nothing is called."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from softswitch.cli.operating.lists import Json, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser


def route_command(
    number: Annotated[str, typer.Argument(help="As it is dialled.")],
    *,
    extension: Annotated[
        str, typer.Option("--from", help="The extension that dials; else a command.")
    ] = "",
    trunk: Annotated[str, typer.Option("--trunk", help="The trunk that the call comes by.")] = "",
    caller: Annotated[str, typer.Option("--caller", help="The caller's number.")] = "",
    at: Annotated[str, typer.Option("--at", help="When, such as 2026-12-24T18:00; else now.")] = "",
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Tell where a number leads and why, without calling it."""
    from softswitch.cli.asking.ask import ask_v1

    given = {"from": extension, "trunk": trunk, "caller": caller, "at": at}
    wanted = {name: value for name, value in given.items() if value}
    told = ask_v1(config, user, "route", number=number, **wanted)
    if as_json:
        print_json(told)
        return
    for line in lines_of(told):
        typer.echo(line)


def lines_of(told: dict[str, Any]) -> list[str]:
    """What `/v1/route` has answered, for people: what becomes of the number, then every rule."""
    lines = [_verdict(told)]
    if told["caller"]:
        lines.append(f"  with {told['caller']} as the caller's number")
    if told["classes"]:
        lines.append(f"  class: {', '.join(told['classes'])}")
    for at, step in enumerate(told["steps"], 1):
        sign = "✓" if step["takes"] else "–"
        leads_to = f" → {step['leads_to']}" if step["leads_to"] else ""
        lines.append(f"{at:3} {sign} {step['rule']}{leads_to}: {step['why']}")
    return lines


def _verdict(told: dict[str, Any]) -> str:
    number = told["number"]
    if told["code"]:
        return f"{number} is the service code {told['code_name']}"
    if told["status"]:
        return f"{number} is refused with {told['status']}: {told['sentence']}"
    if told["extension"]:
        becomes = f"; {told['becomes']}" if told["becomes"] else ""
        return f"{number} rings extension {told['extension']}{becomes}"
    ways = ", then ".join(
        f"{way['trunk']} as {way['number']}" + (f" from {way['caller']}" if way["caller"] else "")
        for way in told["ways"]
    )
    kind = "emergency call, " if told["emergency"] else ""
    return f"{number} goes out: {kind}{ways}" if ways else f"{number} leads nowhere"
