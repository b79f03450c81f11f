"""The option `--config`, which most commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_FILE = Path("config/softswitch.toml")
"The settings file, where no other is named."

ConfigFile = Annotated[Path, typer.Option("--config", help="The settings file.")]
