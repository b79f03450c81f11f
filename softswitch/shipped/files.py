"""Where the shipped files are."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
DEFAULTS = FOLDER / "defaults.toml"
"The settings of a switch without a settings file."
