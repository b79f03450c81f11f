"""`softswitch history`: the records of calls, what happened to one of them, all of them as CSV."""

from __future__ import annotations

from typing import Annotated

import typer

from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser

COLUMNS = ("started_at", "caller", "dialed", "destination", "outcome", "talk_seconds", "id")


def history_command(
    call: Annotated[
        str | None, typer.Argument(help="The id of a call, whose story is told.")
    ] = None,
    *,
    text: Annotated[
        str, typer.Option("--text", help="Only calls with this in an id, a number or a name.")
    ] = "",
    since: Annotated[str, typer.Option("--since", help="Such as 2026-11-30T08:00.")] = "",
    until: Annotated[str, typer.Option("--until", help="Only calls that began before.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    csv: Annotated[bool, typer.Option("--csv", help="All that fit, as a table for files.")] = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List calls, the newest first, or tell what happened to one."""
    from rich.console import Console
    from rich.table import Table

    from softswitch.cli.ask import ask_v1, ask_v1_text, quoted

    given = {"text": text, "since": since, "until": until}
    wanted = {name: value for name, value in given.items() if value}
    if call is not None:
        for line in ask_v1(config, user, f"history/{quoted(call)}")["story"]:
            typer.echo(line)
    elif csv:
        typer.echo(ask_v1_text(config, user, "history.csv", **wanted), nl=False)
    else:
        table = Table(*(column.replace("_", " ") for column in COLUMNS))
        for record in ask_v1(config, user, "history", limit=str(limit), **wanted)["calls"]:
            shown = {**record, "started_at": record["started_at"][:19].replace("T", " ")}
            table.add_row(*(str(shown[column]) for column in COLUMNS))
        Console().print(table)
