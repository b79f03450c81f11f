"""The options `--config` and `--user`, which most commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.shipped.files import DEFAULTS

DEFAULT_FILE = Path("config/softswitch.toml")
"The settings file, where no other is named."


def _or_defaults(context: typer.Context, parameter: typer.CallbackParam, file: Path) -> Path:
    """The shipped settings, where no file is named and the usual one is not there."""
    source = context.get_parameter_source(parameter.name or "")
    is_named = source is None or source.name != "DEFAULT"
    return file if is_named or file.exists() else DEFAULTS


HttpUser = Annotated[str | None, typer.Option("--user", help="The HTTP user; else an admin.")]
ConfigFile = Annotated[
    Path, typer.Option("--config", help="The settings file.", callback=_or_defaults)
]
"Its default is `DEFAULT_FILE`."
