"""Reads texts, paths, numbers and lists of texts of the command line without pydantic.

Typer judges every value by a model of pydantic, whose import takes longer than most commands. The
kinds of values that our commands have are read here; Typer reads any other kind.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer._coercion import PassThroughRuntimeParam, RuntimeParam, build_runtime_param
from typer.core import TyperArgument, TyperOption, _TyperParameter

if TYPE_CHECKING:
    from typer._click.core import Context

READ = (str, bool, int, Path, list[str])
"The kinds of values that are read here."


class PlainValue(PassThroughRuntimeParam):
    """Reads the value of one option or argument."""

    def _coerce_value(self, value: object, param: _TyperParameter, ctx: Context) -> object:
        if isinstance(value, str) and self.annotation is Path:
            return Path(value)
        if isinstance(value, str) and self.annotation is int:
            return self._number(value, param, ctx)
        return value

    def _number(self, text: str, param: _TyperParameter, ctx: Context) -> int:
        low, high = self.parameter_info.min, self.parameter_info.max
        number = int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else None
        if number is None or (low is not None and number < low) or (high or number) < number:
            least = "" if low is None else f" of {low:g} or more"
            bounds = least if high is None else f" from {low or 0:g} to {high:g}"
            wrong = f"expected a whole number{bounds}, not {text[:40]!r}"
            raise typer.BadParameter(wrong, ctx=ctx, param=param)
        return number


def read_plainly() -> None:
    """Let all options and arguments of this process read their values so."""
    for kind in (TyperOption, TyperArgument):
        kind.get_runtime_param = _reader  # type: ignore[method-assign]


def _reader(self: _TyperParameter) -> RuntimeParam:
    """Typer's own method, but that it makes a `PlainValue` where that can read the value."""
    if self._runtime_param is None:
        wanted = self.type_descriptor
        if wanted.annotation in READ:
            given = {"parameter_info": wanted.parameter_info, "annotation": wanted.annotation}
            self._runtime_param = PlainValue(**given)
        else:
            self._runtime_param = build_runtime_param(wanted)
    return self._runtime_param
