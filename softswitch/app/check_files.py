"""Looks at what the settings name on disk, before the switch touches any of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from softswitch.app.certificates import certificates_of, trust_of
from softswitch.app.connection_files import wrong_certificates
from softswitch.guard.files import AllowedFiles, PathRefused
from softswitch.http.provisioning.makers import BY_NAME
from softswitch.http.provisioning.templates import Templates
from softswitch.ozml.terminal import terminal
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.exchange.prompts import PromptSettings, prompt_of
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import ConfigurationError, Settings
from softswitch.settings.mistakes import line
from softswitch.settings.server import StorageSettings
from softswitch.settings.tls import TlsSettings
from softswitch.store.database.directories import obstacle
from softswitch.store.database.ownership import refusal
from softswitch.store.database.urls import read_url
from softswitch.store.errors import StoreError
from softswitch.transport.certificates import CertificateError, Certificates

Mistake = tuple[str, str]
"Key, and what is wrong with what it names."


def look_at_files(file: Path, settings: Settings, *, strict: bool) -> None:
    """See that the settings of that file name what is there, and may be used.

    `strict` also refuses mistakes that scripts can run without. Raises ConfigurationError with one
    line for every mistake. Paths are relative to the working directory, as they are when they are
    used.
    """
    lines = [line(file, key, wrong, settings) for key, wrong in _mistakes(settings, strict)]
    if lines:
        raise ConfigurationError(lines)


def _mistakes(settings: Settings, strict: bool) -> Iterator[Mistake]:
    yield from _storage(settings.storage)
    try:
        certificates_of(settings)
    except CertificateError as error:
        yield error.setting, error.wrong
    yield from _sound("media.hold_music", settings.media.hold_music)
    yield from _sound("media.error_prompt", settings.media.error_prompt)
    yield from _templates(settings)
    for key, sound in settings.announcements.sounds().items():
        yield from _sound(f"announcements.{key}", sound)
    for key, sound in settings.sentences.sounds().items():
        yield from _sound(f"sentences.{key}", sound)
    uploads = settings.storage.prompts.absolute()
    for index, prompt in enumerate(settings.prompts):
        # What is missing in the folder of uploads may still be uploaded.
        if prompt.file is None or prompt.file.absolute().parent != uploads or prompt.file.exists():
            yield from _sound(f"prompts[{index}].file", prompt.file)
    for index, extension in enumerate(settings.extensions):
        for name, mistake in extension_mistakes(extension, strict=strict):
            yield f"extensions[{index}].{name}", mistake
    for index, trunk in enumerate(settings.trunks):
        for key, wrong in _sounds_of(trunk):
            yield f"trunks[{index}].{key}", wrong
    for index, connection in enumerate(settings.connections):
        for key, wrong in wrong_certificates(connection):
            yield f"connections[{index}].{key}", wrong


def _templates(settings: Settings) -> Iterator[Mistake]:
    """The operator's templates for phones, and phones that have none."""
    folder = settings.provisioning.templates
    if folder is not None and not folder.is_dir():
        yield "provisioning.templates", f"{folder} is not there, expected a directory"
        return
    templates = Templates(folder)
    for mistake in templates.mistakes():
        yield "provisioning.templates", mistake
    for index, extension in enumerate(settings.extensions):
        for key, wrong in _model_of(extension, templates):
            yield f"extensions[{index}].{key}", wrong


def _model_of(extension: ExtensionSettings, templates: Templates) -> Iterator[Mistake]:
    """The model of a phone, where no template has its name."""
    model = extension.model if isinstance(extension, PhoneExtension) else None
    if model is not None and templates.file_of(model, BY_NAME.get(model)) is None:
        known = f"one of {', '.join(BY_NAME)}, or a template in provisioning.templates"
        yield "model", f"expected {known}, not {model!r}"


def _sounds_of(trunk: TrunkSettings) -> Iterator[Mistake]:
    """The audio files that a trunk names."""
    yield from _sound("ringback", trunk.ringback)


def entry_mistakes(entry: BaseModel, settings: Settings) -> Iterator[Mistake]:
    """What is wrong with the files that an entry of the settings names, by its keys."""
    if isinstance(entry, ExtensionSettings):
        yield from extension_mistakes(entry, strict=settings.ozml.strict)
        if isinstance(entry, PhoneExtension) and entry.model is not None:
            yield from _model_of(entry, Templates(settings.provisioning.templates))
    elif isinstance(entry, TrunkSettings):
        yield from _sounds_of(entry)
        yield from trunk_mistakes(entry, settings.tls)
    elif isinstance(entry, PromptSettings) and entry.file is not None:
        yield from _shared_sound("file", entry.file, settings.storage)


def extension_mistakes(extension: ExtensionSettings, *, strict: bool) -> Iterator[Mistake]:
    """What is wrong with the files that an extension names; the keys are those of its entry."""
    for name, sound in extension.named_sounds().items():
        yield from _sound(name, sound)
    for name, script in extension.named_scripts().items():
        for mistake in terminal.check(script, strict=strict) if script is not None else ():
            yield name, mistake


def trunk_mistakes(trunk: TrunkSettings, tls: TlsSettings) -> Iterator[Mistake]:
    """What is wrong with the certificates that a trunk names; the keys are those of its entry."""
    try:
        if trunk.may_use_tls:
            Certificates(ca=tls.ca).client_context(trust_of(0, trunk))
    except CertificateError as error:
        yield error.setting.removeprefix("trunks[0]").removeprefix("."), error.wrong


def _storage(storage: StorageSettings) -> Iterator[Mistake]:
    yield from _database(storage.url)
    found = obstacle(storage.recordings)
    if found is not None:
        yield "storage.recordings", f"{found}, expected a directory that can be written to"
    # By default there need be none: a switch that plays nothing needs no directory for it.
    if "static" in storage.model_fields_set and not storage.static.is_dir():
        yield "storage.static", f"{storage.static} is not there, expected a directory"


def _database(url: str) -> Iterator[Mistake]:
    try:
        path = read_url(url).path
    except StoreError as error:
        yield "storage.url", str(error).removeprefix("storage.url: ")
        return
    refused = None if path is None else refusal(path)
    if refused is not None:
        yield "storage.url", refused


def _sound(key: str, path: Path | None) -> Iterator[Mistake]:
    if path is None or prompt_of(path) is not None:
        return
    try:
        with path.open("rb"):
            return
    except OSError as error:
        yield key, f"{path} cannot be read: {error.strerror}, expected an audio file"


def _shared_sound(key: str, path: Path, storage: StorageSettings) -> Iterator[Mistake]:
    """What is named by request can be downloaded by request: no other files of this machine."""
    folders = [storage.static, storage.prompts]
    try:
        AllowedFiles(folders).existing(str(path.absolute()))
    except PathRefused as error:
        there = " or ".join(map(str, folders))
        yield key, f"{error}, expected an audio file below {there}, or an upload"
    else:
        yield from _sound(key, path)
