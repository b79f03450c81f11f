"""The greeting and the PIN of a mailbox, chosen by keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.access import LONGEST_PIN
from softswitch.calls.voicemail.line import Dialogue
from softswitch.calls.voicemail.mailboxes import AllMailboxes, NotOnDisk, new_id
from softswitch.calls.voicemail.pin import FORM

PATIENCE = 5.0
"Seconds that a menu waits for a key before it is said again."
MOST_SILENT = 3
"How often a menu is said to somebody who presses nothing."
BACK = "*"
LONGEST_GREETING = 180.0
SHORTEST_GREETING = 1.0


class Options:
    """The options of one mailbox, for one visit."""

    def __init__(self, line: Dialogue, mailboxes: AllMailboxes, number: str) -> None:
        self._line, self._mailboxes, self._number = line, mailboxes, number
        self._owner = mailboxes.owner(number)
        self.keys: Mapping[str, Callable[[], Awaitable[str]]] = {
            "1": self._record,
            "2": self._hear,
            "3": self._speak,
            "5": self._change_pin,
        }

    async def choose(self) -> None:
        """Do what the keys say, until the owner goes back or presses nothing."""
        said = ""
        silent = 0
        while silent < MOST_SILENT:
            key = await self._line.ask(*filter(None, (said, prompts.OPTIONS)), seconds=PATIENCE)
            silent, said = 0 if key else silent + 1, ""
            if key in (BACK, "#"):
                return
            if key in self.keys:
                try:
                    said = await self.keys[key]()
                except NotOnDisk:
                    said = prompts.NOT_DONE
            elif key:
                said = prompts.UNKNOWN_KEY

    async def _record(self) -> str:
        """Record a greeting, and keep it when the owner likes it."""
        line, mailboxes = self._line, self._mailboxes
        path = mailboxes.folder.unfinished(f"{self._number.replace('.', '_')}-{new_id(0)}")
        try:
            while True:
                await line.say(prompts.RECORD_GREETING)
                await line.beep()
                await asyncio.to_thread(path.unlink, missing_ok=True)
                recorded = await line.record(path, longest=LONGEST_GREETING, silence=None)
                if recorded.why == "failed":
                    return prompts.NOT_DONE
                if recorded.seconds < SHORTEST_GREETING:
                    return prompts.TOO_SHORT_GREETING
                key = await line.ask(path, prompts.KEEP_GREETING, seconds=PATIENCE)
                if key == "1":
                    await mailboxes.set_greeting(self._number, path, self._number, self._owner)
                    return prompts.GREETING_KEPT
                if key != "2":
                    return ""
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _hear(self) -> str:
        greeting: Path | str | None = self._mailboxes.first_greeting(self._number)
        await self._line.say(greeting or prompts.not_available(self._number))
        return ""

    async def _speak(self) -> str:
        await self._mailboxes.set_greeting(self._number, None, self._number, self._owner)
        return prompts.GREETING_SPOKEN

    async def _change_pin(self) -> str:
        chosen = await self._line.secret_digits(prompts.NEW_PIN, most=LONGEST_PIN)
        if FORM.fullmatch(chosen) is None:
            return prompts.PIN_REFUSED
        if await self._line.secret_digits(prompts.NEW_PIN_AGAIN, most=LONGEST_PIN) != chosen:
            return prompts.PIN_DIFFERENT
        await self._mailboxes.set_pin(self._number, chosen, self._number, self._owner)
        return prompts.PIN_CHANGED
