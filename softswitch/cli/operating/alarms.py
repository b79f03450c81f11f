"""`softswitch alarms`: what alarm panels have reported, and who has seen it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.operating.lists import Json, Limit, Row, print_list, say_rest
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local


def _seen(alarm: Row) -> str:
    return "" if alarm["acknowledged"] is None else str(alarm["acknowledged"]["by"])


COLUMNS = {
    TableColumn("id"): lambda each: each["id"],
    TableColumn("received"): lambda each: local(each["received_at"]),
    TableColumn("account"): lambda each: each["account"],
    TableColumn("code"): lambda each: f"{each['code']}",
    TableColumn("what", folds=True): lambda each: each["name"],
    TableColumn("qualifier", leaves=1): lambda each: each["qualifier"],
    TableColumn("zone", leaves=2): lambda each: each["zone"],
    TableColumn("from", leaves=3): lambda each: each["caller"],
    TableColumn("seen by", folds=True): _seen,
}

app = typer.Typer(help="Alarms that came: lists them.", add_completion=False)
Waiting = Annotated[bool, typer.Option("--waiting", help="Only those that nobody has seen.")]


@app.callback(invoke_without_command=True)
def alarms_command(
    context: typer.Context,
    *,
    waiting: Waiting = False,
    limit: Limit = 50,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    if context.invoked_subcommand is None:
        _list(config, user, limit, waiting=waiting, as_json=as_json)


@app.command("list")
def list_command(
    *,
    waiting: Waiting = False,
    limit: Limit = 50,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List alarms, the newest first."""
    _list(config, user, limit, waiting=waiting, as_json=as_json)


@app.command("acknowledge")
def acknowledge_command(
    alarm: Annotated[str, typer.Argument(help="Its id, as the list shows it.")],
    *,
    note: Annotated[str, typer.Option("--note", help="What was done.")] = "",
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Say that you have seen one."""
    from softswitch.cli.asking.ask import ask_v1, quoted

    path = f"alarms/{quoted(alarm)}/acknowledge"
    told = ask_v1(config, user, path, method="POST", body={"note": note})
    typer.echo(f"{alarm} is seen by {told['acknowledged']['by']}")


def _list(config: Path, user: str | None, limit: int, *, waiting: bool, as_json: bool) -> None:
    from softswitch.cli.asking.ask import ask_v1

    wanted = {"acknowledged": "false"} if waiting else {}
    told = ask_v1(config, user, "alarms", limit=str(limit), **wanted)
    print_list(told["alarms"], COLUMNS, as_json=as_json, none="there are no alarms")
    say_rest(told["alarms"], told["total"])
