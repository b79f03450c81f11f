"""What belongs into a backup, and where the settings say that it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from softswitch.settings.plain import places
from softswitch.settings.plain.keys import PlainSettings

SETTINGS = "softswitch.toml"
PASSWORDS = "passwords.json"
SCRIPTS = "scripts"
"What the folder of scripts is called, in the backup and beside the settings file."
RECORDINGS = "recordings"


class FolderKey(NamedTuple):
    """The key of the settings that names a folder, and its default."""

    table: str
    key: str
    default: str


FOLDERS = {
    "voicemails": FolderKey("voicemail", "folder", "data/voicemails"),
    "prompts": FolderKey("storage", "prompts", "data/prompts"),
    "written_scripts": FolderKey("storage", "scripts", "data/scripts"),
    "static": FolderKey("storage", "static", "config/static"),
    RECORDINGS: FolderKey("storage", "recordings", "data/recordings"),
}
"By their names in a backup; a test compares the defaults with the models."


class BackupContents(NamedTuple):
    """Where all is that a switch keeps."""

    config: Path
    "The settings file."
    url: str
    "The database."
    passwords: Path
    folders: dict[str, Path]
    "By their names in a backup."

    @classmethod
    def of(cls, config: Path, settings: PlainSettings) -> BackupContents:
        """Of the switch with these settings."""
        url = settings.text("storage", "url", places.DATABASE)
        folders = {
            name: Path(settings.text(of.table, of.key, of.default)) for name, of in FOLDERS.items()
        }
        return cls(
            config,
            url,
            places.passwords_file(url, settings.path("storage", "passwords")),
            {SCRIPTS: config.parent / SCRIPTS, **folders},
        )

    @property
    def unfinished(self) -> Path:
        """The mark of a restore that has begun to replace files and has not ended."""
        return places.unfinished_restore(self.passwords)


def files_below(folder: Path) -> list[str]:
    """The regular files below a folder, relative to it; no links are followed."""
    return sorted(
        str(each.relative_to(folder))
        for each in folder.rglob("*")
        if each.is_file() and not each.is_symlink()
    )
