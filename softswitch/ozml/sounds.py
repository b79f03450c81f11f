"""Finds what `Play` names: a prompt, a file of an allowed directory, or a URL that is fetched.

A fetched file is used again for as long as the server's headers allow (RFC 9111 sections 4.2 and
5.2): `no-store` for one play, `max-age` or `Expires` that long, otherwise it is asked for again
with its `ETag` or `Last-Modified`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin

from softswitch.calls.ports.prompts import NoSuchPrompt, Prompts
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import Sound
from softswitch.commands.running.recording_links import LinkExpired
from softswitch.guard.fetcher import Fetcher, FetchError
from softswitch.guard.files import AllowedFiles, PathRefused, with_slashes
from softswitch.settings.exchange.prompts import prompt_of

MOST_KEPT = 500
"Fetched files that are kept; the one that was used longest ago goes first."

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:$|[\s,])", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Kept:
    path: Path
    fresh_until: float
    validators: Mapping[str, str]
    "The headers of a question whether it has changed."


class Sounds:
    """The files that commands play."""

    def __init__(
        self,
        files: AllowedFiles,
        fetcher: Fetcher,
        directory: Path,
        own: Callable[[str], Path | None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        *,
        prompts: Prompts | None = None,
    ) -> None:
        """Fetched files go to `directory`, which is ours alone.

        `own` knows the files of the switch by their URLs, which need not be fetched; it raises
        LinkExpired.
        """
        self._files = files
        self._fetcher = fetcher
        self._directory = directory
        self._own = own
        self._clock = clock
        self._prompts = prompts or Prompts()
        self._kept: dict[str, _Kept] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    async def find(self, source: str, base: str) -> Sound:
        """The sound that a script at `base` names. Raises CommandError 302."""
        try:
            if prompt_of(source) is not None:
                self._prompts.find(source)
                return Sound(source, source)
            if source.startswith(("http://", "https://")):
                return Sound(source, str(await self._at(source)))
            try:
                path = await asyncio.to_thread(self._files.existing, source)
            except PathRefused:
                name = with_slashes(source)
                if not base.startswith(("http://", "https://")) or "/" not in name:
                    raise
                return Sound(source, str(await self._at(urljoin(base, name))))
            return Sound(source, str(path))
        except (PathRefused, FetchError, LinkExpired, NoSuchPrompt) as error:
            raise CommandError(
                Code.INVALID_PARAMETER, "AudioFile", "Play", detail=str(error)
            ) from None

    async def _at(self, url: str) -> Path:
        """The file behind a URL."""
        own = self._own(url)
        if own is not None:
            return await asyncio.to_thread(self._files.existing, str(own.absolute()))
        return await self._fetched(url)

    async def _fetched(self, url: str) -> Path:
        lock = self._fetching.setdefault(url, asyncio.Lock())
        try:
            async with lock:
                kept = self._kept.get(url)
                if kept is not None and not await asyncio.to_thread(kept.path.exists):
                    kept = None  # a system may clear away what is old in its temporary directory
                if kept is None or self._clock() >= kept.fresh_until:
                    kept = await self._fetch(url, kept)
                self._kept.pop(url, None)
                self._kept[url] = kept
                self._forget_oldest()
                return kept.path
        finally:
            if not lock.locked():
                self._fetching.pop(url, None)

    async def _fetch(self, url: str, kept: _Kept | None) -> _Kept:
        fetched = await self._fetcher.get(url, headers=kept.validators if kept else {})
        now = self._clock()
        if fetched.status == 304 and kept is not None:
            return _Kept(kept.path, now + lifetime(fetched.headers, now), kept.validators)
        if fetched.status != 200:
            raise FetchError(f"{url.partition('?')[0][:200]}: answered {fetched.status}")
        name = hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()[:32]
        path = self._directory / name
        await asyncio.to_thread(_replace, path, fetched.body)
        validators = {
            question: fetched.headers[header]
            for header, question in (
                ("ETag", "If-None-Match"),
                ("Last-Modified", "If-Modified-Since"),
            )
            if header in fetched.headers
        }
        return _Kept(path, now + lifetime(fetched.headers, now), validators)

    def _forget_oldest(self) -> None:
        while len(self._kept) > MOST_KEPT:
            oldest = next(iter(self._kept))
            self._kept.pop(oldest).path.unlink(missing_ok=True)


def lifetime(headers: Mapping[str, str], now: float) -> float:
    """For how many seconds an answer may be used without asking again."""
    control = headers.get("Cache-Control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return 0.0
    match = _MAX_AGE.search(control)
    if match:
        return float(match[1])
    try:
        return max(0.0, parsedate_to_datetime(headers["Expires"]).timestamp() - now)
    except (KeyError, ValueError, TypeError):
        return 0.0


def _replace(path: Path, content: bytes) -> None:
    """Write a file that readers never see half."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)
