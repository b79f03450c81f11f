"""The texts in the file of a command: those below its fields, and its example."""

from __future__ import annotations

import ast
import inspect

from softswitch.commands.base.command import Command

_MEANINGS: dict[type[Command], dict[str, str]] = {}
"The texts that have been read already: finding a class in its file takes milliseconds."


def meanings(command: type[Command]) -> dict[str, str]:
    """What the text below each field says, by the field's name."""
    found = _MEANINGS.get(command)
    if found is None:
        found = _MEANINGS[command] = _read(command)
    return found


def _read(command: type[Command]) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(command)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    field = ""
    for statement in tree.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                field = name
            case ast.Expr(value=ast.Constant(value=str(text))) if field:
                found[field] = " ".join(inspect.cleandoc(text).split())
                field = ""
            case _:
                field = ""
    return found


def example_of(command: type[Command]) -> str:
    """The example in the file of the command."""
    module = inspect.getmodule(command)
    return inspect.cleandoc((module and module.__doc__) or "").partition("\n\n")[2].strip()
