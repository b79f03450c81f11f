"""`softswitch prompts upload|download`: the sounds of prompts, beside the commands of entries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser


def add_sound_commands(app: typer.Typer) -> None:
    """Let an app for prompts upload and download."""

    @app.command("upload")
    def upload_command(
        name: str,
        file: Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3.")],
        *,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Let a prompt be the sound of a file; one that is not there is added."""
        from softswitch.cli.asking.ask import ask_v1, ask_v1_all, quoted

        try:
            sound = file.read_bytes()
        except OSError as error:
            fail([f"{file} cannot be read: {error.strerror}"], WRONG_SETTINGS)
        prompts = ask_v1_all(config, user, "prompts", "entries")
        known = {each["name"]: each["etag"] for each in prompts}
        path = f"prompts/{quoted(name)}/sound"
        ask_v1(config, user, path, method="PUT", body=sound, etag=known.get(name, ""))
        typer.echo(f"{name} is {'changed' if name in known else 'added'}")

    @app.command("download")
    def download_command(
        name: str,
        file: Annotated[Path, typer.Argument(help="Where it is written.")],
        *,
        user: HttpUser = None,
        config: ConfigFile = DEFAULT_FILE,
    ) -> None:
        """Write the sound of a prompt to a file."""
        from softswitch.cli.asking.ask import ask_v1_octets, quoted

        sound = ask_v1_octets(config, user, f"prompts/{quoted(name)}/sound")
        try:
            file.write_bytes(sound)
        except OSError as error:
            fail([f"{file} cannot be written: {error.strerror}"], NOT_RUN)
