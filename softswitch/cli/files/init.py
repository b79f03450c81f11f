"""`softswitch init` writes the settings file, and the sound and the script that it names."""

from __future__ import annotations

from pathlib import Path

import typer

from softswitch.cli.exits import NOT_RUN, fail
from softswitch.cli.options import DEFAULT_FILE
from softswitch.shipped.files import FOLDER

SETTINGS = str(DEFAULT_FILE)
SCRIPT = "config/scripts/welcome.xml"
FILES = {
    SETTINGS: "softswitch.toml",
    "config/static/hold.ogg": "hold.ogg",
    SCRIPT: "welcome.xml",
    "config/scripts/ozml.xsd": "ozml.xsd",
}
"Below the folder: what is written, and which of the shipped files it is."
SCHEMA_IN_THE_REPOSITORY = b"../../docs/ozml.xsd"


def write_settings(folder: Path) -> None:
    """Write all files, or none where one of them is there already."""
    present = [name for name in FILES if (folder / name).exists()]
    if present:
        there = ", ".join(str(folder / name) for name in present)
        fail([f"softswitch init: {there}: already there; nothing was written"], NOT_RUN)
    try:
        for name, shipped in FILES.items():
            _write(folder / name, (FOLDER / shipped).read_bytes())
    except OSError as error:
        fail([f"softswitch init: {error.filename}: {error.strerror}"], NOT_RUN)
    for name in FILES:
        typer.echo(f"{folder / name}")
    typer.echo(
        "\nPhones of your network reach the switch by port 5060; web pages and programs only from "
        "this machine.\nNext: softswitch serve"
        + ("" if folder == Path() else f", in {folder}")
        + ". It prints what to type into a softphone."
    )


def _write(file: Path, octets: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.name == Path(SCRIPT).name:
        octets = octets.replace(SCHEMA_IN_THE_REPOSITORY, b"ozml.xsd")
    with file.open("xb") as stream:
        stream.write(octets)
