"""`docs/codes.md`, made of the list of codes: `python -m softswitch.calls.codes.page`."""

from __future__ import annotations

import sys

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
    return INTRODUCTION + "".join(map(_line, (code.name for code in CODES)))


def _line(name: str) -> str:
    field = CodeSettings.model_fields[name]
    dialled = " ".join(f"`{code}`" for code in field.default)
    return f"| `{name}` | {dialled} | {' '.join((field.description or '').split())} |\n"


if __name__ == "__main__":
    sys.stdout.write(document())
