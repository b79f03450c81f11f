"""`softswitch history`: the records of calls, what happened to one of them, all of them as CSV."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from softswitch.cli.operating.lists import Json, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local, print_table, printable

COLUMNS = {
    "started_at": TableColumn("began"),
    "caller": TableColumn("caller", folds=True),
    "dialed": TableColumn("dialled", folds=True),
    "destination": TableColumn("destination", leaves=1, folds=True),
    "outcome": TableColumn("outcome", folds=True),
    "talk_seconds": TableColumn("talk"),
    "id": TableColumn("id"),
}
"What a record has, and the columns for it."


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
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List calls, the newest first, or tell what happened to one."""
    from softswitch.cli.asking.ask import ask_v1, ask_v1_text, quoted

    given = {"text": text, "since": since, "until": until}
    wanted = {name: value for name, value in given.items() if value}
    if call is not None:
        told = ask_v1(config, user, f"history/{quoted(call)}")
        if as_json:
            print_json(told)
            return
        for line in told["story"]:
            typer.echo(printable(line))
    elif csv:
        typer.echo(ask_v1_text(config, user, "history.csv", **wanted), nl=False)
    else:
        calls = ask_v1(config, user, "history", limit=str(limit), **wanted)["calls"]
        if as_json:
            print_json(calls)
            return
        if not calls:
            typer.echo("there are no calls" + (" that fit" if wanted else ""))
            return
        print_table(tuple(COLUMNS.values()), map(_row, calls))
        typer.echo("`softswitch history ID` tells what happened to a call", err=True)


def _row(record: dict[str, Any]) -> list[str]:
    seconds = round(record["talk_seconds"])
    talk = f"{seconds // 60}:{seconds % 60:02d}" if record["answered_at"] else ""
    shown = {
        **record,
        "started_at": local(record["started_at"]),
        "outcome": record["outcome"] or "lasts",
        "talk_seconds": talk,
    }
    return [str(shown[key]) for key in COLUMNS]
