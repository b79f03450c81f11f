"""`softswitch budgets used|reset`: what is used of budgets, beside the commands of entries."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from softswitch.cli.exits import WRONG_SETTINGS, fail
from softswitch.cli.operating.lists import Json, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn, local, print_table

COLUMNS = (
    TableColumn("budget", folds=True),
    TableColumn("of", folds=True),
    TableColumn("calls"),
    TableColumn("minutes"),
    TableColumn("begins again", leaves=1),
    TableColumn(""),
)


def add_use_commands(app: typer.Typer) -> None:
    """Let an app for budgets tell what is used, and forget it."""

    @app.command("used")
    def used_command(
        name: Annotated[str | None, typer.Argument(help="The budget; else all.")] = None,
        *,
        as_json: Json = False,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Tell what is used today, and of how much."""
        from softswitch.cli.asking.ask import ask_v1_all

        wanted = {} if name is None else {"budget": name}
        uses = ask_v1_all(config, user, "budget-uses", "uses", **wanted)
        if as_json:
            print_json(uses)
            return
        if not uses:
            typer.echo("nothing is used today")
            return
        print_table(COLUMNS, map(_row, uses))

    @app.command("reset")
    def reset_command(
        name: Annotated[str, typer.Argument(help="The budget.")],
        subject: Annotated[
            str | None, typer.Argument(help="The extension or trunk.", show_default=False)
        ] = None,
        *,
        everyone: Annotated[bool, typer.Option("--all", help="For all whom it counts.")] = False,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Let a budget begin again now."""
        from softswitch.cli.asking.ask import ask_v1

        if (subject is None) != everyone:
            fail(["expected an extension or a trunk, or --all"], WRONG_SETTINGS)
        wanted = {"budget": name, **({} if subject is None else {"subject": subject})}
        told = ask_v1(config, user, "budget-uses", method="DELETE", **wanted)
        if told["forgotten"]:
            typer.echo(f"{name} begins again for {subject or 'all'}")
        else:
            typer.echo(f"nothing of {name} was used{f' by {subject}' if subject else ''}")


def _row(use: dict[str, Any]) -> list[str]:
    return [
        use["budget"],
        use["subject"] or "(all)",
        _of(use["calls"], use["most_calls"]),
        _of(use["minutes"], use["most_minutes"]),
        local(use["begins_again"]),
        "used up" if use["used_up"] else "",
    ]


def _of(used: float, most: float | None) -> str:
    return f"{used:g}" if most is None else f"{used:g} of {most:g}"
