"""Finds every mistake of a document before it runs (API reference, sections 5 and 7).

A value that holds a `$variable` is not judged: what it will be is not known yet.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from softswitch.commands import BY_NAME, COMMANDS
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command, Contexts, Node


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake and its place."""

    line: int
    column: int
    error: CommandError

    def __str__(self) -> str:
        sentence = self.error.detail or self.error.message
        return f"line {self.line}, column {self.column}: {sentence}"


def mistakes_of(block: Sequence[Node], door: Contexts) -> Iterator[Mistake]:
    """The mistakes of a block of commands that come through this door, in document order."""
    for position, node in enumerate(block):
        try:
            command = command_of(node, door)
        except CommandError as error:
            yield Mistake(node.line, node.column, error)
            continue
        for refusal in command.check(node.attributes, node.text, tuple(node.children)):
            yield Mistake(node.line, node.column, refusal)
        if command.first_only and position:
            yield Mistake(node.line, node.column, _late(command))
        inside = sorted(_inside(command, node, door), key=lambda each: (each.line, each.column))
        yield from inside


def _inside(command: type[Command], node: Node, door: Contexts) -> Iterator[Mistake]:
    children = tuple(node.children)
    for error in command.misplaced(children):
        yield Mistake(*(error.place or (node.line, node.column)), error)
    for inner in command.blocks(children):
        yield from mistakes_of(inner, door)


def _late(command: type[Command]) -> CommandError:
    return CommandError(
        Code.INAPPROPRIATE_COMMAND,
        command.name(),
        detail=f"{command.name()} counts only as the first command",
    )


def command_of(node: Node, door: Contexts) -> type[Command]:
    """The command that an element names. Raises CommandError 301, or 303 behind this door."""
    command = BY_NAME.get(node.name.lower())
    if command is None:
        name = node.name[:40]
        names = [known.name() for known in COMMANDS if known.contexts & door]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
        hint = f", did you mean <{near[0]}>?" if near else ""
        raise CommandError(Code.NOT_IMPLEMENTED, name, detail=f"<{name}> is not a command{hint}")
    if not command.contexts & door:
        raise CommandError(Code.INAPPROPRIATE_COMMAND, command.name())
    return command
