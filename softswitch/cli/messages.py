"""`softswitch messages`: list, send and answer messages of the running switch from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.exits import NOT_RUN, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile

COLUMNS = ("create_date", "from_address", "to_address", "status", "text", "error")

app = typer.Typer(help="Messages of the running switch.", no_args_is_help=True)
User = Annotated[str | None, typer.Option("--user", help="Whose folders; else the first one's.")]


@app.command("list")
def list_command(
    folder: Annotated[
        str, typer.Argument(help="inbox, outbox, sent, notsent or deleted.")
    ] = "inbox",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    user: User = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Show the messages of a folder, oldest first."""
    from rich.console import Console
    from rich.table import Table

    from softswitch.cli.ask import ask_switch

    data = ask_switch(config, user, "receivemsg", folder=folder, limit=str(limit))
    if not data["messages"]:
        typer.echo(f"there are no messages in {folder}")
        return
    table = Table(*(column.replace("_", " ") for column in COLUMNS))
    for message in data["messages"]:
        table.add_row(*(str(message[column]) for column in COLUMNS))
    Console().print(table)


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
    from softswitch.cli.ask import ask_switch

    data = ask_switch(config, user, "sendmsg", {"messages": [message]})
    answer = data["messages"][0]
    if answer["status"] != "SUCCESS":
        fail([answer["status_message"]], NOT_RUN)
    typer.echo(answer["message_id"])
