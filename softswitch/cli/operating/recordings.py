"""`softswitch recordings`: the recordings of calls are listed, saved and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.exits import NOT_RUN, fail
from softswitch.cli.operating.completion import recording_ids
from softswitch.cli.operating.lists import Json, Limit, print_list, say_rest
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local

COLUMNS = {
    TableColumn("id", folds=True): lambda each: each["id"],
    TableColumn("at", leaves=1): lambda each: local(each["changed_at"]),
    TableColumn("from", folds=True): lambda each: each["source"],
    TableColumn("to", folds=True): lambda each: each["destination"],
    TableColumn("kB", leaves=2): lambda each: f"{each['size'] / 1000:.0f}",
    TableColumn("", leaves=3): lambda each: "" if each["finished"] else "goes on",
    TableColumn("call", leaves=4): lambda each: each["call"],
}

app = typer.Typer(help="Recordings of calls: lists them.", add_completion=False)
CallOption = Annotated[str, typer.Option("--call", help="Only those of the call with this id.")]
Id = Annotated[
    str, typer.Argument(help="Its id, as the list shows it.", autocompletion=recording_ids)
]


@app.callback(invoke_without_command=True)
def recordings_command(
    context: typer.Context,
    *,
    call: CallOption = "",
    limit: Limit = 50,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    if context.invoked_subcommand is None:
        _list(config, user, call, limit, as_json=as_json)


@app.command("list")
def list_command(
    *,
    call: CallOption = "",
    limit: Limit = 50,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List recordings, the newest first."""
    _list(config, user, call, limit, as_json=as_json)


@app.command("save")
def save_command(
    recording: Id,
    file: Annotated[Path, typer.Argument(help="Where it is written.")],
    *,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write the sound of one to a file that is not there yet."""
    from softswitch.cli.asking.ask import ask_v1_octets, quoted

    if file.exists():
        fail([f"{file} is already there, expected a new file"], NOT_RUN)
    sound = ask_v1_octets(config, user, f"recordings/{quoted(recording)}/sound")
    try:
        file.write_bytes(sound)
    except OSError as error:
        fail([f"{file} cannot be written: {error.strerror}"], NOT_RUN)
    typer.echo(f"{file}: {len(sound) / 1000:.0f} kB")


@app.command("delete")
def delete_command(
    recording: Id, *, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
) -> None:
    """Delete one for good."""
    from softswitch.cli.asking.ask import ask_v1, quoted

    ask_v1(config, user, f"recordings/{quoted(recording)}", method="DELETE")
    typer.echo(f"{recording} is deleted")


def _list(config: Path, user: str | None, call: str, limit: int, *, as_json: bool) -> None:
    from softswitch.cli.asking.ask import ask_v1

    wanted = {"call": call} if call else {}
    told = ask_v1(config, user, "recordings", limit=str(limit), **wanted)
    print_list(told["recordings"], COLUMNS, as_json=as_json, none="there are no recordings")
    say_rest(told["recordings"], told["total"])
