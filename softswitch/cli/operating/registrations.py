"""`softswitch registrations`: where phones are registered from, and the end of registrations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.operating.completion import registration_ids
from softswitch.cli.operating.lists import Json, lasting, print_json, print_list
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn

MOST = "500"
"Registrations in one answer."
COLUMNS = {
    TableColumn("id"): lambda each: each["id"],
    TableColumn("number"): lambda each: each["number"],
    TableColumn("from", folds=True): lambda each: f"{each['transport']}:{each['source']}",
    TableColumn("is"): lambda each: each["reach"],
    TableColumn("answers in", leaves=1): lambda each: _milliseconds(each["round_trip"]),
    TableColumn("expires in", leaves=2): lambda each: lasting(each["expires"]),
    TableColumn("phone", leaves=3, folds=True): lambda each: each["user_agent"],
}

app = typer.Typer(help="Phones that are registered: lists them.", add_completion=False)
Number = Annotated[str, typer.Option("--number", help="Only those of this extension.")]
Id = Annotated[
    str, typer.Argument(help="Its id, as the list shows it.", autocompletion=registration_ids)
]


@app.callback(invoke_without_command=True)
def registrations_command(
    context: typer.Context,
    *,
    number: Number = "",
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    if context.invoked_subcommand is None:
        _list(config, user, number, as_json=as_json)


@app.command("list")
def list_command(
    *,
    number: Number = "",
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List the phones that are registered, by number."""
    _list(config, user, number, as_json=as_json)


@app.command("ping")
def ping_command(
    registration: Id,
    *,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Ask a phone with OPTIONS whether it is there."""
    from softswitch.cli.asking.ask import ask_v1, quoted
    from softswitch.cli.exits import NOT_RUN

    told = ask_v1(config, user, f"registrations/{quoted(registration)}/ping", method="POST")
    found = told["registration"]
    if as_json:
        print_json(told)
    elif told["answered"]:
        typer.echo(f"{found['number']} answers in {_milliseconds(found['round_trip'])}")
    else:
        typer.echo(f"{found['number']} does not answer", err=True)
    if not told["answered"]:
        raise typer.Exit(NOT_RUN)


@app.command("end")
def end_command(
    registration: Id, *, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
) -> None:
    """Forget where a phone is, until it registers again."""
    from softswitch.cli.asking.ask import ask_v1, quoted

    ask_v1(config, user, f"registrations/{quoted(registration)}", method="DELETE")
    typer.echo(f"registration {registration} has ended")


def _list(config: Path, user: str | None, number: str, *, as_json: bool) -> None:
    from softswitch.cli.asking.ask import ask_v1_all

    wanted = {"number": number} if number else {}
    rows = ask_v1_all(config, user, "registrations", "registrations", page=MOST, **wanted)
    none = f"no phone is registered{f' as {number}' if number else ''}"
    print_list(rows, COLUMNS, as_json=as_json, none=none)


def _milliseconds(found: float | None) -> str:
    return "" if found is None else f"{found:g} ms"
