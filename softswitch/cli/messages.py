"""`softswitch messages`: list, send and answer messages of the running switch from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.exits import NOT_RUN, fail
from softswitch.cli.operating.lists import Json, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile
from softswitch.cli.tables import TableColumn, print_table

COLUMNS = {
    "create_date": TableColumn("created"),
    "from_address": TableColumn("from", folds=True),
    "to_address": TableColumn("to", folds=True),
    "status": TableColumn("status", leaves=1),
    "text": TableColumn("text", folds=True),
    "error": TableColumn("error", folds=True),
}
"What a message has, and the columns for it."

app = typer.Typer(help="Messages of the running switch.", no_args_is_help=True)
User = Annotated[str | None, typer.Option("--user", help="Whose folders; else the first one's.")]


@app.command("list")
def list_command(
    folder: Annotated[
        str, typer.Argument(help="inbox, outbox, sent, notsent or deleted.")
    ] = "inbox",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    *,
    as_json: Json = False,
    user: User = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Show the messages of a folder, oldest first."""
    from softswitch.cli.asking.ask import ask_switch

    data = ask_switch(config, user, "receivemsg", folder=folder, limit=str(limit))
    if as_json:
        print_json(data["messages"])
        return
    if not data["messages"]:
        typer.echo(f"there are no messages in {folder}")
        return
    rows = ([str(message[key]) for key in COLUMNS] for message in data["messages"])
    print_table(tuple(COLUMNS.values()), rows)


@app.command("send")
def send_command(
    recipient: Annotated[str, typer.Argument(help="A number, an extension, an e-mail address.")],
    text: Annotated[str, typer.Argument(help="The text.")],
    *,
    connection: Annotated[
        str | None, typer.Option("--connection", help="As name@host; else the rules choose.")
    ] = None,
    sender: Annotated[str, typer.Option("--from", help="The sender that is shown.")] = "",
    subject: Annotated[str, typer.Option("--subject")] = "",
    user: User = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Send a message; prints its id when it is stored."""
    message = {
        "to_address": recipient,
        "to_connection": connection or "",
        "from_address": sender,
        "subject": subject,
        "text": text,
    }
    _send(config, user, message)


@app.command("say")
def say_command(
    text: Annotated[str, typer.Argument(help="The text.")],
    user: User = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Answer a script that waits for a message from admin@localhost."""
    _send(config, user, {"from_connection": "admin@localhost", "text": text})


def _send(config: Path, user: str | None, message: dict[str, str]) -> None:
    from softswitch.cli.asking.ask import ask_switch

    data = ask_switch(config, user, "sendmsg", {"messages": [message]})
    answer = data["messages"][0]
    if answer["status"] != "SUCCESS":
        fail([answer["status_message"]], NOT_RUN)
    typer.echo(answer["message_id"])
