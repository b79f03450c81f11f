"""What the keys of an owner do: the messages one by one, the options.

The keys are those of Asterisk's voicemail, which many people know. A message that was heard is old
when the owner goes on to another or leaves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from softswitch.calls.lamps.message_summary import MessageCounts
from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.access import LONGEST_NUMBER
from softswitch.calls.voicemail.folder import NEW, OLD
from softswitch.calls.voicemail.line import Dialogue, Sound
from softswitch.calls.voicemail.mailboxes import AllMailboxes, DiskFull, MailboxFull, NotOnDisk
from softswitch.calls.voicemail.options import BACK, MOST_SILENT, PATIENCE, Options
from softswitch.store.exchange.voicemails import Voicemail

CallBack = Callable[[str], Awaitable[str]]
"""Connects the owner to a number. Does not return when that has succeeded; else what is said."""
Now = Callable[[], datetime]

HANG_UP = "#"


class Menu:
    """One visit of an owner to a mailbox."""

    def __init__(
        self, line: Dialogue, mailboxes: AllMailboxes, number: str, call_back: CallBack, now: Now
    ) -> None:
        """`now` is the time with the time zone of the owner."""
        self._line, self._mailboxes, self._number = line, mailboxes, number
        self._call_back, self._now = call_back, now
        self.keys: Mapping[str, Callable[[], Awaitable[str]]] = {
            "1": self._new,
            "2": self._old,
            "0": self._options,
        }

    async def visit(self) -> None:
        """Do what the keys say, until the owner hangs up or presses nothing."""
        await self._look()
        said, silent = prompts.how_many(self._mailboxes.counts(self._number) or MessageCounts()), 0
        while silent < MOST_SILENT:
            key = await self._line.ask(*filter(None, (said, prompts.MAIN)), seconds=PATIENCE)
            silent, said = 0 if key else silent + 1, ""
            if key == HANG_UP:
                break
            if key in self.keys:
                said = await self.keys[key]()
            elif key:
                said = prompts.UNKNOWN_KEY
        await self._line.say(prompts.GOODBYE)

    async def _look(self) -> None:
        try:
            await self._mailboxes.look(self._number)
        except NotOnDisk:
            return  # the messages are there all the same

    async def _new(self) -> str:
        messages = self._mailboxes.messages(self._number, NEW)
        return await self._through(messages) if messages else prompts.NO_NEW

    async def _old(self) -> str:
        messages = self._mailboxes.messages(self._number, OLD)
        return await self._through(messages) if messages else prompts.NO_OLD

    async def _options(self) -> str:
        await Options(self._line, self._mailboxes, self._number).choose()
        return ""

    async def _through(self, messages: list[Voicemail]) -> str:
        """Play messages one after the other, as the keys say; what is said at the end."""
        visit = MessageVisit(self._line, self._mailboxes, messages, self._call_back, self._now)
        return await visit.hear()


class MessageVisit:
    """The messages of a folder, of which one is heard at a time."""

    def __init__(
        self,
        line: Dialogue,
        mailboxes: AllMailboxes,
        messages: list[Voicemail],
        call_back: CallBack,
        now: Now,
    ) -> None:
        self._line, self._mailboxes = line, mailboxes
        self._messages, self._at = messages, 0
        self._call_back, self._now = call_back, now
        self.keys: Mapping[str, Callable[[], Awaitable[str | None]]] = {
            "3": self._reply,
            "4": self._previous,
            "5": self._again,
            "6": self._next,
            "7": self._delete,
            "8": self._send_on,
            "9": self._save,
        }
        "What each key does: it returns what is said, or None when the message is to be played."

    async def hear(self) -> str:
        """Play them, and do what the keys say; what is said when there are no more."""
        said, silent, plays = "", 0, True
        while self._at < len(self._messages):
            sounds: list[Sound] = [said] if said else []
            if plays:
                sounds += await self._sounds()
            key = await self._line.ask(*sounds, prompts.MESSAGE, seconds=PATIENCE)
            said, plays, silent = "", False, 0 if key else silent + 1
            if key in (BACK, HANG_UP) or silent >= MOST_SILENT:
                return await self._leave()
            if key in self.keys:
                try:
                    answer = await self.keys[key]()
                except NotOnDisk:
                    answer = prompts.NOT_DONE
                said, plays = answer or "", answer is None or answer in MOVES_ON
            elif key:
                said = prompts.UNKNOWN_KEY
        return f"{said} {prompts.LAST}".strip()

    @property
    def _message(self) -> Voicemail:
        return self._messages[self._at]

    async def _sounds(self) -> list[Sound]:
        """What is played of the message."""
        message = self._mailboxes.find(self._message.mailbox, self._message.id)
        about = prompts.about(self._message, self._at + 1, self._now())
        if message is None:
            return [about, prompts.NO_SOUND]
        path = self._mailboxes.path(message)
        if not await asyncio.to_thread(path.is_file):
            return [about, prompts.NO_SOUND]
        return [about, path]

    async def _heard(self) -> None:
        """Let the message be an old one."""
        message = self._mailboxes.find(self._message.mailbox, self._message.id)
        if message is not None:
            await self._mailboxes.mark(message, OLD)

    async def _leave(self) -> str:
        """Leave the message, which was heard; what is said then."""
        try:
            await self._heard()
        except NotOnDisk:
            return prompts.NOT_DONE
        return ""

    async def _again(self) -> None:
        """Play it again."""

    async def _next(self) -> None:
        await self._heard()
        self._at += 1

    async def _previous(self) -> None:
        await self._heard()
        self._at = max(0, self._at - 1)

    async def _save(self) -> str:
        await self._heard()
        self._at += 1
        return prompts.SAVED

    async def _delete(self) -> str:
        message = self._mailboxes.find(self._message.mailbox, self._message.id)
        if message is not None:
            await self._mailboxes.delete(message)
        del self._messages[self._at]
        return prompts.DELETED

    async def _send_on(self) -> str:
        number = await self._line.digits(prompts.ASK_TARGET, most=LONGEST_NUMBER)
        message = self._mailboxes.find(self._message.mailbox, self._message.id)
        if not number or message is None:
            return ""
        if self._mailboxes.settings(number) is None:
            return prompts.NO_MAILBOX
        try:
            await self._mailboxes.send_on(message, number, message.mailbox)
        except MailboxFull:
            return prompts.TARGET_FULL
        except DiskFull:
            return prompts.NOT_DONE
        return prompts.SENT_ON

    async def _reply(self) -> str:
        if not self._message.caller:
            return prompts.NO_NUMBER
        await self._heard()
        return await self._call_back(self._message.caller)


MOVES_ON = frozenset((prompts.SAVED, prompts.DELETED))
"What is said before another message is played."
