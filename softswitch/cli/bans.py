"""`softswitch bans`: the bans of the running switch, listed and lifted from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.operating.lists import Json, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local, print_table

COLUMNS = (
    TableColumn("service"),
    TableColumn("source"),
    TableColumn("account", folds=True),
    TableColumn("seconds", leaves=2),
    TableColumn("until"),
    TableColumn("dropped", leaves=1),
)
ALL_ACCOUNTS = "(all)"
"Stands for the empty account of a ban for all of them."

app = typer.Typer(help="Bans of sources that guessed passwords.")


@app.callback(invoke_without_command=True)
def bans_command(
    context: typer.Context,
    *,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List the bans that last, as `list` does; `lift` ends them."""
    if context.invoked_subcommand is None:
        _list(user, config, as_json=as_json)


@app.command("list")
def list_command(
    *, as_json: Json = False, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
) -> None:
    """List the bans that last."""
    _list(user, config, as_json=as_json)


def _list(user: str | None, config: Path, *, as_json: bool) -> None:
    from softswitch.cli.asking.ask import ask_v1

    bans = ask_v1(config, user, "bans")["bans"]
    if as_json:
        print_json(bans)
        return
    if not bans:
        typer.echo("nobody is banned")
        return
    shown = [
        {**ban, "account": ban["account"] or ALL_ACCOUNTS, "until": local(ban["until"])}
        for ban in bans
    ]
    print_table(COLUMNS, ([str(ban[column.title]) for column in COLUMNS] for ban in shown))


@app.command("lift")
def lift_command(
    source: Annotated[
        str | None, typer.Argument(help="The source, as the list shows it.", show_default=False)
    ] = None,
    *,
    account: Annotated[
        str | None, typer.Option("--account", help="Only bans for this account.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("--service", help="Only bans of this service, such as SIP.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Lift every ban.")] = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Lift the bans of a source; what it sends is answered again."""
    from softswitch.cli.asking.ask import ask_v1

    given = {"source": source, "account": account, "service": service}
    wanted = {name: value for name, value in given.items() if value is not None}
    if bool(wanted) == everything:
        fail(["expected a source, --account, --service, or --all"], WRONG_SETTINGS)
    if source is not None and not _is_source(source):
        wrong = f"{source[:64]!r} is no source, expected an address or network as `bans` lists it"
        fail([wrong], WRONG_SETTINGS)
    lifted = ask_v1(config, user, "bans", method="DELETE", **wanted)["lifted"]
    if not lifted:
        fail(["no ban fits"], NOT_RUN)
    typer.echo(f"{lifted} {'ban' if lifted == 1 else 'bans'} lifted")


def _is_source(text: str) -> bool:
    from ipaddress import ip_network

    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
