"""What a caller hears and presses, as a dialogue with keys needs it.

Keys stop what is played, as in every menu; those that are pressed ahead count for what comes next.
Times stand still while somebody holds the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import pass_time
from softswitch.calls.call.party import Party
from softswitch.calls.ports.media_port import MediaPort, Playing, Recorded
from softswitch.calls.setup.answering import other_parties
from softswitch.settings.exchange.prompts import source_of

log = structlog.get_logger("softswitch.voicemail")

Sound = str | Path
"A sentence that is spoken, or a file or prompt."

BETWEEN_KEYS = 4.0
"Seconds after which digits are complete without `#`."
END = "#"


class LineGone(Exception):
    """Nobody is there any more."""


class Dialogue(Protocol):
    """Somebody who hears and presses keys."""

    async def say(self, *sounds: Sound) -> None:
        """Play them to the end, or until a key is pressed, which counts for what comes next."""

    async def ask(self, *sounds: Sound, seconds: float) -> str:
        """The next key, which stops the sounds; empty when none comes within `seconds` after."""

    async def digits(self, *sounds: Sound, most: int) -> str:
        """The digits that are pressed, without the `#` that may end them; empty for none."""

    async def secret_digits(self, *sounds: Sound, most: int) -> str:
        """The same, with no trace of which they are: a PIN."""

    async def beep(self) -> None:
        """A tone: speak now."""

    def record(
        self, path: Path, *, longest: float, silence: float | None
    ) -> asyncio.Future[Recorded]:
        """Record from now on, until `#`, so many seconds, a silence, or the end of the call."""


class Line:
    """The caller of a real call."""

    def __init__(self, call: Call, *, language: str | None, voice: str | None) -> None:
        """The sentences are spoken by this voice."""
        self._call = call
        self._language, self._voice = language, voice

    @property
    def party(self) -> Party:
        """Who listens: another one after a transfer. Raises LineGone."""
        parties = other_parties(self._call)
        if not parties:
            raise LineGone
        return parties[0]

    def _port(self) -> MediaPort:
        port = self.party.audio.port
        if port is None:
            raise LineGone
        return port

    async def say(self, *sounds: Sound) -> None:
        """Play them to the end, or until a key is pressed, which counts for what comes next."""
        key = await self.ask(*sounds, seconds=0)
        if key:
            self.party.hear_keys().put_back(key)

    async def ask(self, *sounds: Sound, seconds: float) -> str:
        """The next key, which stops the sounds; empty when none comes within `seconds` after."""
        key = asyncio.ensure_future(self.party.hear_keys().next())
        played = asyncio.ensure_future(self._play(sounds))
        try:
            await asyncio.wait({key, played}, return_when=asyncio.FIRST_COMPLETED)
            if not key.done():
                await played
                await self._within(key, seconds)
            else:
                self._port().stop_sound()
            return key.result() if key.done() else ""
        finally:
            for task in (key, played):
                task.cancel()
            await asyncio.gather(key, played, return_exceptions=True)

    async def _play(self, sounds: tuple[Sound, ...]) -> None:
        playing = [self._begin(sound) for sound in sounds]
        for sound, each in zip(sounds, playing, strict=True):
            played = await asyncio.shield(each.done)
            if played.why == "error":
                log.warning("not played", call=self._call.id, sound=str(sound), error=played.error)
                await asyncio.shield(self._port().beep().done)

    def _begin(self, sound: Sound) -> Playing:
        port = self._port()
        if isinstance(sound, Path):
            return port.play_file(source_of(sound))
        return port.say(sound, language=self._language, voice=self._voice)

    async def _within(self, key: asyncio.Future[str], seconds: float) -> None:
        """Wait for a key, or until so much time has passed in which nobody held the call."""
        if seconds <= 0:
            return
        patience = asyncio.ensure_future(pass_time(self._call, seconds))
        either: set[Awaitable[object]] = {key, patience}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        finally:
            patience.cancel()
            await asyncio.gather(patience, return_exceptions=True)

    async def digits(self, *sounds: Sound, most: int) -> str:
        """The digits that are pressed, without the `#` that may end them; empty for none."""
        entered = await self.ask(*sounds, seconds=2 * BETWEEN_KEYS)
        if entered in ("", END):
            return ""
        while len(entered) < most:
            key = await self.ask(seconds=BETWEEN_KEYS)
            if key in ("", END):
                break
            entered += key
        return entered

    async def secret_digits(self, *sounds: Sound, most: int) -> str:
        """The same, with no trace of which they are: a PIN."""
        with self.party.hear_keys().privately():
            return await self.digits(*sounds, most=most)

    async def beep(self) -> None:
        """A tone: speak now."""
        await asyncio.shield(self._port().beep().done)

    def record(
        self, path: Path, *, longest: float, silence: float | None
    ) -> asyncio.Future[Recorded]:
        """Record from now on, until `#`, so many seconds, a silence, or the end of the call."""
        self.party.hear_keys().forget()
        return self._call.recordings.begin(
            [self.party],
            str(path),
            kind="wav",
            longest=longest,
            silence=silence,
            finish_keys=END,
            mute_keys=True,
        ).done
