"""Finds every mistake of a document before it runs (API reference, sections 5 and 7).

A value that holds a `$variable` is not judged: what it will be is not known yet.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from softswitch.commands import BY_NAME, COMMANDS
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.elements import Node
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.reading import Written
from softswitch.ozml.document import DocumentError, commands_of, parse_document


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake and its place."""

    line: int
    column: int
    error: CommandError
    can_be_skipped: bool = False
    "Whether the command can run without what is wrong."

    def __str__(self) -> str:
        sentence = self.error.detail or self.error.message
        return f"line {self.line}, column {self.column}: {sentence}"


@dataclass(frozen=True, slots=True)
class ScriptMistake:
    """What is wrong with a document, and where."""

    line: int
    column: int
    sentence: str
    "What is wrong, and what was expected."
    can_be_skipped: bool = False
    "Whether a call can run the document without what is wrong."


def mistakes_in(source: bytes, origin: Contexts) -> Iterator[ScriptMistake]:
    """Every mistake of a document from this origin; of what is no XML the first one."""
    try:
        root = parse_document(source)
    except DocumentError as error:
        yield ScriptMistake(error.line, error.column, error.sentence)
        return
    for each in mistakes_of(commands_of(root), origin):
        sentence = each.error.detail or each.error.message
        yield ScriptMistake(each.line, each.column, sentence, each.can_be_skipped)


def mistakes_of(block: Sequence[Node], origin: Contexts) -> Iterator[Mistake]:
    """The mistakes of a block of commands from this origin, in document order."""
    for position, node in enumerate(block):
        try:
            command = command_of(node, origin)
        except CommandError as error:
            yield Mistake(node.line, node.column, error)
            continue
        found = [*_own(command, node)]
        if command.first_only and position:
            found.append(Mistake(node.line, node.column, _late(command)))
        for inner in command.blocks(tuple(node.children)):
            found += mistakes_of(inner, origin)
        yield from sorted(found, key=lambda each: (each.line, each.column))


def _own(command: type[Command], node: Node) -> Iterator[Mistake]:
    """The mistakes of a command, without those of the commands inside it."""
    written = Written(node.attributes, node.text, tuple(node.children), replaced=False)
    for mistake in command.read(written).mistakes:
        line, column = mistake.place or (node.line, node.column)
        yield Mistake(line, column, mistake.error, mistake.fault.can_be_skipped)


def _late(command: type[Command]) -> CommandError:
    return CommandError(
        Code.INAPPROPRIATE_COMMAND,
        command.name(),
        detail=f"{command.name()} counts only as the first command",
    )


ELSEWHERE = {
    "say": "Speak",
    "dial": "CallSetup",
    "gather": "UserInput",
    "pause": "Delay",
    "wait": "Delay",
    "redirect": "GoTo",
    "playback": "Play",
    "prompt": "Speak",
    "transfer": "BlindTransfer",
    "bridge": "BlindTransfer",
    "sms": "SendSms",
    "message": "SendMsg",
    "set": "Var",
    "variable": "Var",
}
"The commands of other switches, and the commands here that do what they do."


def meant(name: str, origin: Contexts) -> str:
    """The command that an unknown name probably stands for; empty where none is like it."""
    if name.lower() in ELSEWHERE:
        return ELSEWHERE[name.lower()]
    names = [known.name() for known in COMMANDS if known.contexts & origin]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return near[0] if near else ""


def command_of(node: Node, origin: Contexts) -> type[Command]:
    """The command that an element names. Raises CommandError 301, or 303 for this origin."""
    command = BY_NAME.get(node.name.lower())
    if command is None:
        name = node.name[:40]
        near = meant(name, origin)
        hint = f", did you mean <{near}>?" if near else ""
        raise CommandError(Code.NOT_IMPLEMENTED, name, detail=f"<{name}> is not a command{hint}")
    if not command.contexts & origin:
        raise CommandError(Code.INAPPROPRIATE_COMMAND, command.name())
    return command
