"""`softswitch status`: how the running switch is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from softswitch.cli.exits import NOT_RUN
from softswitch.cli.operating.lists import Json, lasting, print_json
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser
from softswitch.cli.tables import local, printable


def status_command(
    *, as_json: Json = False, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
) -> None:
    """Tell how the switch is. Exit code 1 where something is wrong."""
    from softswitch.cli.asking.ask import ask_v1

    told = ask_v1(config, user, "health", recent="5")
    if as_json:
        print_json(told)
    else:
        for line in lines_of(told):
            typer.echo(printable(line))
    if told["problems"]:
        raise typer.Exit(NOT_RUN)


def lines_of(told: dict[str, Any]) -> Iterator[str]:
    """What `/v1/health` has answered, for people."""
    workers = told["workers"]
    yield f"softswitch {told['version']} is {told['status']}, for {lasting(told['uptime'])}"
    yield f"  listens        {' '.join(told['listens'])}"
    yield f"  calls          {told['calls']} of at most {told['most_calls']}"
    yield f"  registrations  {told['registrations']}"
    load = ", ".join(f"{each['load']:.0%} of a core, {each['legs']} legs" for each in workers)
    yield f"  media workers  {len(workers)} ({load})"
    database = told["database"]
    yield f"  database       {database['state']}, disk {database['disk']}"
    yield f"  memory         {told['memory'] / 1e6:.0f} MB"
    yield f"  event loop     late by {told['loop_lag']:g} ms at most"
    for problem in told["problems"]:
        yield f"wrong: {problem['what']}"
        yield f"       {problem['advice']}"
    for each in told["recent"]:
        count = f" ({each['count']} times)" if each["count"] > 1 else ""
        yield f"{local(each['at'])} {each['level']}: {each['event']}{count}"
        if each["advice"]:
            yield f"       {each['advice']}"
