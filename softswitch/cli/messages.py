"""`softswitch messages`: list, send and answer from the terminal, by the running switch's API."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from softswitch.settings.load import DEFAULT_FILE, ConfigurationError, load
from softswitch.settings.passwords import collect
from softswitch.settings.values import join_host_port
from softswitch.transport.addresses import WILDCARDS

SECONDS = 15
COLUMNS = ("create_date", "from_address", "to_address", "status", "text", "error")

app = typer.Typer(help="Messages of the running switch.", no_args_is_help=True)
ConfigFile = Annotated[Path, typer.Option("--config", help="The settings file.")]
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
    data = _ask(config, user, "receivemsg", folder=folder, limit=str(limit))
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
    data = _ask(config, user, "sendmsg", {"messages": [message]})
    answer = data["messages"][0]
    if answer["status"] != "SUCCESS":
        _fail(answer["status_message"], 1)
    typer.echo(answer["message_id"])


def _ask(
    config: Path, user: str | None, action: str, body: object = None, **query: str
) -> dict[str, Any]:
    """The data of an answer of the running switch."""
    try:
        settings = load(config)
        passwords = collect(settings).http
    except ConfigurationError as error:
        _fail("\n".join(error.lines), 2)
    name = user or next(iter(passwords))
    if name not in passwords:
        _fail(f"no HTTP user {name!r} in {config}", 2)
    host, port = settings.http.listen
    host = "127.0.0.1" if host in WILDCARDS else host
    fields = urllib.parse.urlencode({"action": action, **query})
    token = base64.b64encode(f"{name}:{passwords[name]}".encode()).decode()
    request = urllib.request.Request(
        f"http://{join_host_port(host, port)}/api?{fields}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        _fail(str(json.load(error)["response_msg"]), 1)
    except (OSError, ValueError) as error:
        _fail(f"the switch at {host}:{port} does not answer: {error}", 1)
    return data


def _fail(line: str, code: int) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(code)
