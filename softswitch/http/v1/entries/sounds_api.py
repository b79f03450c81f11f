"""`/v1/prompts/{name}/sound`: the sound of a prompt, uploaded and downloaded.

An upload is a file of its own, which the entry names as soon as it is whole and on disk: calls that
play the one before go on. A prompt of the settings file can be uploaded as well, where its file is
one of `storage.prompts`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web

from softswitch.calls.prompts.folder import PromptFolder
from softswitch.calls.prompts.uploaded import NoSound
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed
from softswitch.http.v1.bodies import octets_of, seen_by
from softswitch.http.v1.entries.collections import COLLECTIONS
from softswitch.http.v1.entries.description import SOUND_OPERATIONS
from softswitch.http.v1.entries.entries_api import EntriesApi
from softswitch.http.v1.serving import Work, served
from softswitch.http.v1.uploads import DECODING
from softswitch.live.changes import (
    Action,
    EntryChange,
    EntryFixed,
    EntryOutdated,
    NoSuchEntry,
    etag_of,
)
from softswitch.live.kinds_of_entries import EntryKind, EntryRefused
from softswitch.live.live_settings import LiveSettings
from softswitch.live.snapshot import Mistakes, SettingsMistake
from softswitch.settings.exchange.prompts import PromptSettings

log = structlog.get_logger("softswitch.settings")

LARGEST = 32 * 1024 * 1024
"Octets of an upload."
PROMPTS: EntryKind = COLLECTIONS["prompts"].kind


class SoundsApi:
    """Takes and shows the sounds of prompts."""

    def __init__(
        self, live: LiveSettings, folder: PromptFolder, entries: EntriesApi, users: Users
    ) -> None:
        self._live = live
        self._folder = folder
        self._entries = entries
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {"downloadPrompt": self._download, "uploadPrompt": self._upload}
        return served(SOUND_OPERATIONS, self._users, works)

    async def _download(self, request: web.Request, _user: User) -> web.StreamResponse:
        name = request.match_info["name"]
        prompt = self._entries.model(COLLECTIONS["prompts"], name)
        assert isinstance(prompt, PromptSettings)
        if prompt.file is None:
            raise NotServed(404, f"prompt {name} is spoken: it has no file")
        if not await asyncio.to_thread(prompt.file.is_file):
            raise NotServed(404, f"the file of prompt {name} is not there")
        shown = f'attachment; filename="{name}{prompt.file.suffix}"'
        return web.FileResponse(prompt.file, headers={"Content-Disposition": shown})

    async def _upload(self, request: web.Request, user: User) -> web.StreamResponse:
        name = request.match_info["name"]
        found = self._live.now.find(PROMPTS, name)
        if isinstance(found, PromptSettings):
            return await self._upload_fixed(request, name, found, user)
        is_new = found is None
        if is_new and "If-Match" in request.headers:
            raise NoSuchEntry(f"no prompt {name[:64]!r}")
        expected = None if is_new else seen_by(request)
        _check_name(name)
        path = await self._kept(request, name)
        sound = {"file": str(path), "text": None, "language": None, "voice": None}
        change = EntryChange(
            action=Action.ADD if is_new else Action.CHANGE,
            kind=PROMPTS,
            name=name,
            body={"name": name, **sound} if is_new else sound,
            expected=expected,
        )
        try:
            [entry] = await self._live.change([change], user.name)
        except BaseException:
            await asyncio.to_thread(partial(path.unlink, missing_ok=True))
            raise
        assert entry is not None
        return self._entries.shown(201 if is_new else 200, COLLECTIONS["prompts"], name, entry)

    async def _upload_fixed(
        self, request: web.Request, name: str, prompt: PromptSettings, user: User
    ) -> web.StreamResponse:
        """Take the sound of a prompt of the settings file, which itself stays as it is."""
        if prompt.file is None or not self._folder.holds(prompt.file):
            raise EntryFixed(
                f"prompt {name} is fixed in {self._live.now.path}, expected a file "
                f"{self._folder.root}/{name}.wav there, for uploads"
            )
        expected = seen_by(request)
        if expected is not None and etag_of(prompt) not in expected:
            raise EntryOutdated(f"prompt {name} is another one, expected the ETag of what it is")
        await self._kept(request, name, prompt.file)
        log.info("settings: upload", kind="prompt", name=name, user=user.name)
        return self._entries.shown(200, COLLECTIONS["prompts"], name, prompt)

    async def _kept(self, request: web.Request, name: str, path: Path | None = None) -> Path:
        """The file of what is uploaded. Raises Mistakes, and HTTPInsufficientStorage."""
        octets = await octets_of(request, LARGEST)
        try:
            return await DECODING.run(lambda: self._folder.keep(octets, name, path))
        except NoSound as error:
            raise Mistakes([SettingsMistake(f"prompt {name}: sound", str(error))]) from None
        except OSError as error:
            raise web.HTTPInsufficientStorage(
                text=f"the sound could not be stored: {error.strerror or error}"
            ) from None


def _check_name(name: str) -> None:
    """See that a prompt may have this name, before a file is called so. Raises Mistakes."""
    try:
        PROMPTS.read({"name": name, "text": "-"})
    except EntryRefused as error:
        called = f"prompt {name[:64]}"
        raise Mistakes(
            [SettingsMistake(f"{called}: {key}", wrong) for key, wrong in error.mistakes]
        ) from None
