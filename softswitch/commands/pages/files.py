"""The files that are generated from the commands: pages, their list, and the schema."""

from __future__ import annotations

from pathlib import Path

from softswitch.commands import COMMANDS
from softswitch.commands.pages.markdown import index, page
from softswitch.commands.pages.schema import schema


def files() -> dict[str, str]:
    """The text of each generated file, by its path below `docs/`."""
    pages = {f"commands/{command.name()}.md": page(command) for command in COMMANDS}
    return {"commands/README.md": index(), **pages, "ozml.xsd": schema()}


def write_files(directory: str) -> None:
    """Write all of them below a directory."""
    for path, text in files().items():
        target = Path(directory) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
