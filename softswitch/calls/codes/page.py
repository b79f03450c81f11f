"""`docs/codes.md`, made of the list of codes: `python -m softswitch.calls.codes.page`."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from itertools import pairwise

from softswitch.calls.codes import CODES
from softswitch.settings.exchange.codes import CodeSettings

INTRODUCTION = """\
# Codes

What extensions of the switch do by dialling. Words in braces stand for digits. A `#` at the end may
be left out. The switch answers, says what it has done or why not, and hangs up.

A code is dialled like a number, and comes before any extension or route of that number. Callers
from outside reach none. Each line of `[codes]` in the settings changes what is dialled, with spaces
between several codes that do the same; `"off"` leaves a code out:

    [codes]
    own_number = "*65"

`softswitch check` names codes that cannot be told from each other, or from an extension.

| setting | dialled | what it does |
|---|---|---|
"""


def document() -> str:
    """The whole page."""
    texts = texts_of_settings()
    return INTRODUCTION + "".join(_line(code.name, texts) for code in CODES)


def texts_of_settings() -> Mapping[str, str]:
    """What the text below each field of `CodeSettings` says, by the field's name."""
    tree = ast.parse(inspect.getsource(CodeSettings)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, below in pairwise(tree.body):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def _line(name: str, texts: Mapping[str, str]) -> str:
    dialled = " ".join(f"`{code}`" for code in CodeSettings.model_fields[name].default)
    return f"| `{name}` | {dialled} | {texts[name]} |\n"


if __name__ == "__main__":
    sys.stdout.write(document())
