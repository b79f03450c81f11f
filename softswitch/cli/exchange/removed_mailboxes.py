"""`softswitch voicemail removed|restore`: mailboxes of extensions that are gone, and put back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from softswitch.cli.exits import NOT_RUN, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local, print_table

PATH = "voicemail/removed"
COLUMNS = (
    TableColumn("mailbox"),
    TableColumn("messages", leaves=2),
    TableColumn("removed at", leaves=1),
    TableColumn("kept until"),
    TableColumn("id"),
)

app = typer.Typer(
    help="Mailboxes of extensions that were removed.", no_args_is_help=True, add_completion=False
)


@app.command("removed")
def removed_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List the mailboxes that extensions have left, as long as they are kept."""
    removed = removed_mailboxes(config, user)
    if as_json:
        typer.echo(json.dumps(removed, indent=1, ensure_ascii=False))
    elif not removed:
        typer.echo("there are none")
    else:
        print_table(COLUMNS, map(_row, removed))


@app.command("restore")
def restore_command(
    mailbox: Annotated[str, typer.Argument(help="Its number, or its id as `removed` lists it.")],
    *,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Give the messages of one to the extension that has its number now."""
    from softswitch.cli.asking.ask import ask_v1, quoted

    found = [
        each for each in removed_mailboxes(config, user) if mailbox in (each["id"], each["number"])
    ]
    if not found:
        fail(
            [f"no removed mailbox {mailbox!r}; `softswitch voicemail removed` lists them"], NOT_RUN
        )
    if len(found) > 1:
        ids = ", ".join(each["id"] for each in found)
        fail([f"{mailbox} has left {len(found)} mailboxes, expected one of {ids}"], NOT_RUN)
    restored = ask_v1(config, user, f"{PATH}/{quoted(found[0]['id'])}/restore", method="POST")
    typer.echo(f"the mailbox of {restored['number']} is there again, {_messages(restored)}")


def removed_mailboxes(config: Path, user: str | None) -> list[dict[str, Any]]:
    """Those that the switch keeps, the oldest first."""
    from softswitch.cli.asking.ask import ask_v1

    kept: list[dict[str, Any]] = ask_v1(config, user, PATH)["removed"]
    return kept


def set_aside(mailbox: dict[str, Any]) -> list[str]:
    """What is said of the mailbox of an extension that was removed right now."""
    return [
        f"  the mailbox of {mailbox['number']}, {_messages(mailbox)}, is kept until "
        f"{local(mailbox['kept_until'])}",
        f"  softswitch voicemail restore {mailbox['id']}   # once an extension has that number",
    ]


def _messages(mailbox: dict[str, Any]) -> str:
    count = mailbox["messages"]
    return f"{count} {'message' if count == 1 else 'messages'}"


def _row(each: dict[str, Any]) -> list[str]:
    removed_at, kept_until = local(each["removed_at"]), local(each["kept_until"])
    return [each["number"], str(each["messages"]), removed_at, kept_until, each["id"]]
