"""`softswitch budgets used|reset`: what is used of budgets, beside the commands of entries."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from softswitch.cli.exits import WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser

PAGE = 1000
COLUMNS = ("budget", "of", "calls", "minutes", "begins again", "")


def add_use_commands(app: typer.Typer) -> None:
    """Let an app for budgets tell what is used, and forget it."""

    @app.command("used")
    def used_command(
        name: Annotated[str | None, typer.Argument(help="The budget; else all.")] = None,
        *,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Tell what is used today, and of how much."""
        from rich.console import Console
        from rich.table import Table

        from softswitch.cli.ask import ask_v1

        uses: list[dict[str, Any]] = []
        wanted = {} if name is None else {"budget": name}
        while True:
            part = ask_v1(config, user, "budget-uses", offset=str(len(uses)), **wanted)
            uses += part["uses"]
            if not part["uses"] or len(uses) >= part["total"]:
                break
        if not uses:
            typer.echo("nothing is used today")
            return
        table = Table(*COLUMNS)
        for use in uses:
            table.add_row(
                use["budget"],
                use["subject"] or "(all)",
                _of(use["calls"], use["most_calls"]),
                _of(use["minutes"], use["most_minutes"]),
                use["begins_again"][:16].replace("T", " "),
                "used up" if use["used_up"] else "",
            )
        Console().print(table)

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
        from softswitch.cli.ask import ask_v1

        if (subject is None) != everyone:
            fail(["expected an extension or a trunk, or --all"], WRONG_SETTINGS)
        wanted = {"budget": name, **({} if subject is None else {"subject": subject})}
        told = ask_v1(config, user, "budget-uses", method="DELETE", **wanted)
        if told["forgotten"]:
            typer.echo(f"{name} begins again for {subject or 'all'}")
        else:
            typer.echo(f"nothing of {name} was used{f' by {subject}' if subject else ''}")


def _of(used: float, most: float | None) -> str:
    return f"{used:g}" if most is None else f"{used:g} of {most:g}"
