"""`softswitch extensions|groups|trunks|…`: settings that change while the switch runs."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from softswitch.cli.exchange.removed_mailboxes import removed_mailboxes, set_aside
from softswitch.cli.exits import WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local, print_table

WITH_MAILBOXES = frozenset(("extensions", "phones", "groups"))
"Collections whose entries leave a mailbox when they are removed."
FIXED = "the file"
"Stands for who has made an entry of the settings file, which no command changes."
COLUMNS = (
    TableColumn("name", folds=True),
    TableColumn("settings", folds=True),
    TableColumn("changed by"),
    TableColumn("changed at", leaves=1),
)
_WORDS = re.compile(r"\[([^\[\]{}\"',]+(?:,[^\[\]{}\"',]+)*)\]")
"A list whose texts are not in quotes, which a shell would take away anyway: `[1100-1199, 1000]`."
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Pairs = Annotated[
    list[str] | None,
    typer.Argument(
        help="KEY=VALUE as in the settings file; KEY=@FILE is the first line of a file, KEY=- a "
        "line of standard input, and KEY= the default of a key.",
        show_default=False,
    ),
]


def entries_app(collection: str, first: str) -> typer.Typer:
    """The commands of a collection of `/v1`; `first` is the key that an entry is named by."""
    has_mailboxes = collection in WITH_MAILBOXES
    app = typer.Typer(
        help=f"The {collection} of the running switch: lists them.", add_completion=False
    )

    @app.callback(invoke_without_command=True)
    def without_a_command(
        context: typer.Context,
        *,
        as_json: Json = False,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        if context.invoked_subcommand is None:
            _list(config, user, collection, as_json=as_json)

    @app.command("list")
    def list_command(
        *, as_json: Json = False, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
    ) -> None:
        """List all of them; those of the settings file are fixed."""
        _list(config, user, collection, as_json=as_json)

    @app.command("show")
    def show_command(
        name: str, *, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
    ) -> None:
        """Show one as JSON."""
        typer.echo(json.dumps(_one(config, user, collection, name), indent=1, ensure_ascii=False))

    @app.command("add")
    def add_command(
        name: str,
        pairs: Pairs = None,
        *,
        as_json: Json = False,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Add one; it is there at once, and after a restart."""
        from softswitch.cli.asking.ask import ask_v1

        body = _named(first, name, values(pairs or ()))
        added = ask_v1(config, user, collection, method="POST", body=body)
        _tell(added, as_json, f"{added['name']} is added")
        if not as_json:
            _tell_passwords(added, config)

    @app.command("change")
    def change_command(
        name: str,
        pairs: Pairs = None,
        *,
        as_json: Json = False,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Change some keys of one."""
        from softswitch.cli.asking.ask import ask_v1, quoted

        body = values(pairs or ())
        if not body:
            fail(["expected KEY=VALUE"], WRONG_SETTINGS)
        etag = _one(config, user, collection, name)["etag"]
        path = f"{collection}/{quoted(name)}"
        changed = ask_v1(config, user, path, method="PATCH", body=body, etag=etag)
        _tell(changed, as_json, f"{name} is changed")
        if "password" in body and not as_json:
            _tell_passwords(changed, config)

    @app.command("remove")
    def remove_command(
        name: str, *, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
    ) -> None:
        """Remove one; calls that are up go on."""
        from softswitch.cli.asking.ask import ask_v1, quoted

        etag = _one(config, user, collection, name)["etag"]
        before = {each["id"] for each in removed_mailboxes(config, user)} if has_mailboxes else ()
        ask_v1(config, user, f"{collection}/{quoted(name)}", method="DELETE", etag=etag)
        typer.echo(f"{name} is removed")
        for mailbox in removed_mailboxes(config, user) if has_mailboxes else ():
            if mailbox["id"] not in before:
                typer.echo("\n".join(set_aside(mailbox)))

    if collection == "trunks":
        from softswitch.cli.operating.trunks import add_state_command

        add_state_command(app)
    elif collection == "prompts":
        from softswitch.cli.exchange.prompts import add_sound_commands

        add_sound_commands(app)
    elif collection == "budgets":
        from softswitch.cli.exchange.budgets import add_use_commands

        add_use_commands(app)
    return app


def values(pairs: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """The keys and values of KEY=VALUE; ends the command where one is no such pair."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            fail([f"{pair}: expected KEY=VALUE"], WRONG_SETTINGS)
        if text.startswith("@"):
            found[key] = _first_line(key, Path(text[1:]))
        elif text == "-":
            found[key] = sys.stdin.readline().rstrip("\n")
        else:
            found[key] = value(text) if text else None
    return found


def value(text: str) -> Any:
    """A list, a table, true or false as TOML has it, or else a text; the switch reads numbers.

    The texts of a list need no quotes.
    """
    try:
        read = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        words = _WORDS.fullmatch(text)
        return [each.strip() for each in words[1].split(",")] if words else text
    if isinstance(read, list):
        return [str(each) if isinstance(each, int | float) else each for each in read]
    return read if isinstance(read, str | bool | dict) else text


def _first_line(key: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except OSError as error:
        fail([f"{key}: {file} cannot be read: {error.strerror}"], WRONG_SETTINGS)


def _key(first: str, name: str) -> str:
    """The key for a name: blocks of extensions are ranges."""
    start, hyphen, end = name.partition("-")
    is_range = first == "number" and hyphen and start.isdigit() and end.isdigit()
    return "range" if is_range else first


def _named(first: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with its name; ends the command where a key says another name."""
    key = _key(first, name)
    said = body.get(key)
    if said is not None and said != name:
        fail([f"{key}={said}: expected {key}={name}, or nothing, beside {name}"], WRONG_SETTINGS)
    return {key: name, **{each: value for each, value in body.items() if each != key}}


def all_entries(config: Path, user: str | None, collection: str) -> list[dict[str, Any]]:
    """All entries of a collection."""
    from softswitch.cli.asking.ask import ask_v1_all

    return ask_v1_all(config, user, collection, "entries")


def _one(config: Path, user: str | None, collection: str, name: str) -> dict[str, Any]:
    from softswitch.cli.asking.ask import ask_v1, quoted

    return ask_v1(config, user, f"{collection}/{quoted(name)}")


def _tell(entry: dict[str, Any], as_json: bool, sentence: str) -> None:
    typer.echo(json.dumps(entry, indent=1, ensure_ascii=False) if as_json else sentence)


def _tell_passwords(entry: dict[str, Any], config: Path) -> None:
    from softswitch.cli.exchange.new_passwords import new_passwords

    for line in new_passwords(entry, config):
        typer.echo(line)


def _list(config: Path, user: str | None, collection: str, *, as_json: bool) -> None:
    entries = all_entries(config, user, collection)
    if as_json:
        typer.echo(json.dumps(entries, indent=1, ensure_ascii=False))
    else:
        _print(entries)


def _print(entries: list[dict[str, Any]]) -> None:
    if not entries:
        typer.echo("there are none")
        return
    print_table(COLUMNS, map(_row, entries))


def _row(each: dict[str, Any]) -> list[str]:
    """Name, keys, and who changed it; what the name says is left out of the keys."""
    keys = (
        f"{key}={_short(found)}"
        for key, found in each["entry"].items()
        if str(found) != each["name"]
    )
    secrets = (f"{name}=…" for name in each.get("secrets", ()))
    who = FIXED if each["fixed"] else each["changed_by"]
    return [each["name"], "  ".join((*keys, *secrets)), who, local(each.get("changed_at") or "")]


def _short(found: object) -> str:
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
