"""`softswitch reload`: the running switch reads its settings file and certificates again."""

from __future__ import annotations

import typer

from softswitch.cli.asking.entrance import passwords_of, read_plainly
from softswitch.cli.operating.lists import Json, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser

WITH_PASSWORDS = ("phones", "extensions", "users")
"Entries that get a random password where the file has none."


def reload_command(
    *,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Let the running switch read its settings file again; calls go on."""
    from softswitch.cli.asking.ask import ask_v1

    told = ask_v1(config, user, "reload", method="POST")
    if as_json:
        print_json(told)
        return
    for plural, count in told["entries"].items():
        parts = (f"{number} {what}" for what, number in count.items() if number)
        typer.echo(f"{plural}: {', '.join(parts)}")
    if any(told["entries"].get(plural, {}).get("added") for plural in WITH_PASSWORDS):
        file = passwords_of(read_plainly(config)).absolute()
        typer.echo(f"  (random passwords of phones and users that are new are in {file})")
    for key in told["after_restart"]:
        typer.echo(f"{key}: takes effect after a restart")
    if not told["entries"] and not told["after_restart"]:
        typer.echo("nothing has changed")
