"""Mailboxes on a folder of the test, a journal that may refuse, and an owner who presses keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from softswitch.calls.numbers.directory import Directory
from softswitch.calls.ports.media_port import Recorded
from softswitch.calls.voicemail.line import Sound
from softswitch.calls.voicemail.mailboxes import AllMailboxes, LeftBy
from softswitch.settings.exchange.voicemail import VoicemailSettings
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from softswitch.store.exchange.voicemails import MailboxRow, Voicemail
from tests.calls.extensions import extension

NOON = 1_780_000_000.0


class Rows:
    """The tables, as the journal would write them."""

    def __init__(self) -> None:
        self.messages: dict[str, Voicemail] = {}
        self.boxes: dict[str, MailboxRow] = {}
        self.away = False

    async def write(self, *changes: Change) -> None:
        if self.away:
            raise DatabaseAway("the database is away")
        for change in changes:
            match change.kind.name:
                case "save voicemail":
                    self.messages[str(change.key[1])] = Voicemail(**change.row)
                case "drop voicemail":
                    self.messages.pop(str(change.key[1]), None)
                case "save mailbox":
                    self.boxes[str(change.key[1])] = MailboxRow(**change.row)
                case "drop mailbox":
                    self.boxes.pop(str(change.key[1]), None)


def mailboxes(folder: Path, rows: Rows | None = None, **terms: object) -> AllMailboxes:
    """1001 without a PIN, 1002 with 2468; 1000 has no mailbox."""
    directory = Directory(
        [
            extension("1000"),
            extension("1001", name="Ben", mailbox=True),
            extension("1002", mailbox=True, mailbox_pin="2468"),
        ]
    )
    settings = VoicemailSettings(folder=folder, reserve=0, **terms)  # type: ignore[arg-type]
    boxes = AllMailboxes(directory, settings, (rows or Rows()).write, lambda: NOON)
    boxes.folder.prepare()
    return boxes


def write_sound(path: Path, seconds: float) -> None:
    soundfile.write(path, np.zeros(int(8_000 * seconds), np.int16), 8_000, format="WAV")


async def left(
    boxes: AllMailboxes,
    number: str = "1001",
    *,
    caller: str = "1000",
    seconds: float = 4.0,
    why: str = "hangup",
    error: str = "",
) -> Voicemail | None:
    """Leave a message."""
    deposit = await boxes.begin(number, LeftBy(number=caller, name="Anna", call_id="c1"))
    write_sound(deposit.path, seconds)
    done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
    done.set_result(Recorded(str(deposit.path), seconds, why, error))
    return await boxes.keep(deposit, done)


class Owner:
    """Presses these keys one after the other, as a menu asks; then nothing more.

    A word of several digits is what is entered where a menu asks for digits.
    """

    def __init__(self, *keys: str, records: float = 3.0) -> None:
        self._keys = list(keys)
        self._records = records
        self.heard: list[str] = []
        "All sentences, and the names of the files."

    def _note(self, sounds: Iterable[Sound]) -> None:
        self.heard += [each if isinstance(each, str) else f"♪ {each.stem}" for each in sounds]

    async def say(self, *sounds: Sound) -> None:
        self._note(sounds)

    async def ask(self, *sounds: Sound, seconds: float) -> str:
        self._note(sounds)
        return self._keys.pop(0) if self._keys else ""

    async def digits(self, *sounds: Sound, most: int) -> str:
        self._note(sounds)
        return self._keys.pop(0)[:most] if self._keys else ""

    secret_digits = digits

    async def beep(self) -> None:
        self.heard.append("beep")

    def record(
        self, path: Path, *, longest: float, silence: float | None
    ) -> asyncio.Future[Recorded]:
        write_sound(path, self._records)
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        done.set_result(Recorded(str(path), self._records, "stopped"))
        return done
