"""The texts in the file of a class: those below its fields; of a command its example as well."""

from __future__ import annotations

import ast
import inspect

from softswitch.commands.base.command import Command

_MEANINGS: dict[type[object], dict[str, str]] = {}
"The texts that have been read already: finding a class in its file takes milliseconds."


def meanings(kind: type[object]) -> dict[str, str]:
    """What the text below each field of a class says, by the field's name; bases included."""
    found = _MEANINGS.get(kind)
    if found is None:
        ours = (
            each for each in reversed(kind.__mro__) if each.__module__.startswith("softswitch.")
        )
        found = {name: text for each in ours for name, text in _read(each).items()}
        _MEANINGS[kind] = found
    return found


def _read(kind: type[object]) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(kind)).body[0]
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
