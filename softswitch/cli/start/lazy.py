"""Commands whose modules are imported when they are run: to know them all would cost every start.

`COMMANDS` says where each of them is, and the sentence by which `softswitch --help` names it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command as made_of

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem


class CommandPlace(NamedTuple):
    """Where a command is."""

    module: str
    "Below `softswitch.cli`."
    name: str
    "A Typer app, or a function that is the command."
    sentence: str
    arguments: tuple[str, ...] = ()
    "What a function takes that makes the app."

    def load(self, called: str) -> Command:
        """Import it."""
        found: typer.Typer | Callable[..., object]
        found = getattr(import_module(f"softswitch.cli.{self.module}"), self.name)
        if self.arguments:
            assert not isinstance(found, typer.Typer)
            made = found(*self.arguments)
            assert isinstance(made, typer.Typer)
            found = made
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False)
            app.command(called)(found)
            found = app
        found.rich_markup_mode = None
        found._add_completion = False
        command = made_of(found)
        command.name = called
        return command


COLLECTIONS = {
    "extensions": "number",
    "phones": "number",
    "groups": "number",
    "queues": "number",
    "conferences": "number",
    "voicemails": "number",
    "parkings": "number",
    "pagings": "number",
    "schedules": "number",
    "ivrs": "number",
    "apis": "number",
    "echoes": "number",
    "trunks": "name",
    "routes": "number",
    "calendars": "name",
    "budgets": "name",
    "addressbooks": "name",
    "lamp_lists": "name",
    "prompts": "name",
    "users": "username",
}
"""Each collection of `/v1`, and the key that names an entry that is added. A test compares them;
what is listed by `--help` must not need the models of the settings."""

COMMANDS = {
    "status": CommandPlace("operating.status", "status_command", "Tell how the switch is."),
    "calls": CommandPlace(
        "operating.calls", "calls_command", "List the calls that are up, the oldest first."
    ),
    "hangup": CommandPlace("operating.calls", "hangup_command", "End a call for everybody."),
    "transfer": CommandPlace(
        "operating.calls",
        "transfer_command",
        "Connect a party of a call to another number, or to another call.",
    ),
    "registrations": CommandPlace(
        "operating.registrations", "app", "Phones that are registered: lists them."
    ),
    "recordings": CommandPlace("operating.recordings", "app", "Recordings of calls: lists them."),
    "alarms": CommandPlace("operating.alarms", "app", "Alarms that came: lists them."),
    "backup": CommandPlace(
        "backup.backup", "backup_command", "Copy all that the switch keeps into one file."
    ),
    "restore": CommandPlace(
        "backup.restore",
        "restore_command",
        "Put a backup in place.",
    ),
    "bans": CommandPlace("bans", "app", "Bans of sources that guessed passwords."),
    "messages": CommandPlace("messages", "app", "Messages of the running switch."),
    "history": CommandPlace(
        "exchange.history",
        "history_command",
        "List calls, the newest first, or tell what happened to one.",
    ),
    "trace": CommandPlace(
        "traces.trace", "trace_command", "Tell what happened to a call, or what happens now."
    ),
    "route": CommandPlace(
        "exchange.route", "route_command", "Tell where a number leads and why, without calling it."
    ),
    "reload": CommandPlace(
        "exchange.reload", "reload_command", "Let the running switch read its settings file again."
    ),
    "import": CommandPlace(
        "exchange.imports", "import_command", "Add what a file of another switch holds."
    ),
    "provision": CommandPlace("exchange.provision", "app", "Phones that configure themselves."),
    "voicemail": CommandPlace(
        "exchange.removed_mailboxes", "app", "Mailboxes of extensions that were removed."
    ),
    **{
        name: CommandPlace(
            "exchange.entries", "entries_app", f"The {name} of the running switch.", (name, first)
        )
        for name, first in COLLECTIONS.items()
    },
}
"By name, in the order of `--help`."


class LazyCommands(TyperGroup):
    """Its own commands and those of `COMMANDS`."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all, those of the switch itself first."""
        return [*self.commands, *COMMANDS]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """A command, imported now."""
        place = COMMANDS.get(cmd_name)
        return super().get_command(ctx, cmd_name) if place is None else place.load(cmd_name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """List all with their sentences; imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._sentence(name)) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command; imports none of them."""
        from typer._click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=self._sentence(name))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]

    def _sentence(self, name: str) -> str:
        place = COMMANDS.get(name)
        return self.commands[name].get_short_help_str(100) if place is None else place.sentence
