"""`softswitch calls`, `hangup` and `transfer`: the calls that are up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.operating.completion import call_ids
from softswitch.cli.operating.lists import Json, Row, joined, print_json, print_list, since
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import TableColumn

MOST = "100"
"Calls in one answer."
SHORTEST = 4
"Characters of an id that may stand for the whole."

CallId = Annotated[
    str,
    typer.Argument(
        help=f"Its id as `calls` shows it; the first {SHORTEST} or more characters do.",
        autocompletion=call_ids,
    ),
]


def _place(call: Row) -> str:
    script = call["script"]
    return "" if script is None else f"{script['command']} {script['name']}:{script['line']}"


def _party(party: Row) -> str:
    where = party["trunk"] and f"at {party['trunk']}"
    name = party["name"] if party["name"] != party["number"] else ""
    held = "on hold" if party["holds"] or party["held"] else ""
    about = joined((name, where, held, "muted" if party["muted"] else ""))
    return f"{party['number']} ({about})" if about else str(party["number"])


def _sound(call: Row) -> str:
    """The mean opinion scores of both sides, as far as they are known."""
    scores = ((call[side]["quality"] or {}).get("mos") for side in ("caller", "callee"))
    return " / ".join("–" if score is None else f"{score:.1f}" for score in scores)


COLUMNS = {
    TableColumn("id"): lambda call: call["id"],
    TableColumn("state"): lambda call: call["state"],
    TableColumn("for", leaves=1): lambda call: since(call["answered_at"] or call["started_at"]),
    TableColumn("caller", folds=True): lambda call: _party(call["caller"]),
    TableColumn("dialled", leaves=3): lambda call: call["dialed"],
    TableColumn("callee", folds=True): lambda call: _party(call["callee"]),
    TableColumn("sound", leaves=2): _sound,
    TableColumn("script", leaves=4): _place,
}


def calls_command(
    call: Annotated[
        str | None, typer.Argument(help="One call, as JSON.", autocompletion=call_ids)
    ] = None,
    *,
    as_json: Json = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List the calls that are up, the oldest first."""
    from softswitch.cli.asking.ask import ask_v1

    if call is not None:
        print_json(ask_v1(config, user, f"calls/{_found(config, user, call)}"))
        return
    print_list(_all(config, user), COLUMNS, as_json=as_json, none="there are no calls")


def hangup_command(
    call: CallId, *, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
) -> None:
    """End a call for everybody."""
    from softswitch.cli.asking.ask import ask_v1

    found = _found(config, user, call)
    ask_v1(config, user, f"calls/{found}", method="DELETE")
    typer.echo(f"{found} has ended")


def transfer_command(
    call: CallId,
    target: Annotated[
        str | None, typer.Argument(help="The number to connect it to.", show_default=False)
    ] = None,
    *,
    with_call: Annotated[
        str | None, typer.Option("--with", help="Instead: another call, to join both.")
    ] = None,
    transferor: Annotated[
        str | None, typer.Option("--leaves", help="Who leaves: caller or callee; else the callee.")
    ] = None,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Connect a party of a call to another number, or to another call."""
    from softswitch.cli.asking.ask import ask_v1

    if (target is None) == (with_call is None):
        fail(["expected a number, or --with another call"], WRONG_SETTINGS)
    if transferor not in (None, "caller", "callee"):
        fail([f"--leaves cannot be {transferor!r}, expected caller or callee"], WRONG_SETTINGS)
    body: dict[str, str] = {}
    if target is not None:
        body["target"] = target
    if with_call is not None:
        body["target_call"] = _found(config, user, with_call)
    if transferor is not None:
        body["transferor"] = transferor
    found = _found(config, user, call)
    told = ask_v1(config, user, f"calls/{found}/transfer", method="POST", body=body)
    typer.echo(f"{_party(told['caller'])} talks to {_party(told['callee'])} in {told['id']}")


def _all(config: Path, user: str | None, *, quality: bool = True) -> list[dict[str, Any]]:
    from softswitch.cli.asking.ask import ask_v1_all

    wanted = {"quality": str(quality).lower()}
    return ask_v1_all(config, user, "calls", "calls", page=MOST, **wanted)


def _found(config: Path, user: str | None, text: str) -> str:
    """The id that begins so; ends the command where none does, or more than one."""
    ids = [each["id"] for each in _all(config, user, quality=False)]
    if text in ids:
        return text
    fitting = [each for each in ids if len(text) >= SHORTEST and each.startswith(text)]
    if len(fitting) != 1:
        many = f"{text} begins the ids {', '.join(fitting)}, expected more of it"
        none = f"no call {text!r} is up; `softswitch calls` lists those that are"
        fail([many if fitting else none], NOT_RUN)
    return str(fitting[0])
