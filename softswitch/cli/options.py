"""The options `--config` and `--user`, which most commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_FILE = Path("config/softswitch.toml")
"The settings file, where no other is named."

HttpUser = Annotated[str | None, typer.Option("--user", help="The HTTP user; else an admin.")]
ConfigFile = Annotated[Path, typer.Option("--config", help="The settings file.")]
