"""`softswitch trunks state`: how trunks are, beside the commands for their settings."""

from __future__ import annotations

import typer

from softswitch.cli.operating.lists import Json, Row, print_list, since
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn


def _calls(trunk: Row) -> str:
    most = trunk["most_calls"]
    return f"{trunk['calls']}" if most is None else f"{trunk['calls']} of {most}"


COLUMNS = {
    TableColumn("name", folds=True): lambda each: each["name"],
    TableColumn("state"): lambda each: each["state"],
    TableColumn("for", leaves=2): lambda each: since(each["since"]),
    TableColumn("calls"): _calls,
    TableColumn("in", leaves=3): lambda each: each["incoming"],
    TableColumn("out", leaves=3): lambda each: each["outgoing"],
    TableColumn("failed", leaves=3): lambda each: each["failures"],
    TableColumn("server", leaves=4): lambda each: each["server"],
    TableColumn("why", folds=True, leaves=1): lambda each: each["reason"],
}


def add_state_command(app: typer.Typer) -> None:
    """Let an app for trunks tell how they are."""

    @app.command("state")
    def state_command(
        *, as_json: Json = False, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
    ) -> None:
        """Tell which trunks are up, since when, and why one is not."""
        from softswitch.cli.asking.ask import ask_v1

        rows = ask_v1(config, user, "states/trunks")["trunks"]
        print_list(rows, COLUMNS, as_json=as_json, none="there are no trunks")
