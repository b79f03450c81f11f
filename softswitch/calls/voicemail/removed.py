"""The mailboxes of extensions that are gone: set aside, kept for a while, and put back on request.

Whoever gets the number next begins with an empty mailbox. The files wait in a folder of their own,
with a list of what they are, so that an extension that was removed by mistake loses no message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

import msgspec
import structlog
from msgspec.structs import replace

from softswitch.calls.voicemail.mailboxes import AllMailboxes, NotOnDisk, new_id
from softswitch.store.exchange.voicemails import MailboxRow, Voicemail

log = structlog.get_logger("softswitch.voicemail")

DAY = 86_400.0
AT_ONCE = 500
"Numbers that are looked at before others have their turn."
PURGE_SECONDS = 3_600.0
"How often those are looked for that have been kept for long enough."


class RemovedMailbox(msgspec.Struct, frozen=True, kw_only=True):
    """What lies beside the files of a mailbox that was set aside."""

    id: str
    "The name of its folder."
    number: str
    removed_at: float
    "Unix time in seconds."
    messages: list[Voicemail]
    row: MailboxRow | None = None
    "The PIN and the greeting that its owner had chosen."


class NotRemoved(LookupError):
    """There is no such mailbox among those that were set aside, or nowhere to put it."""


class RemovedMailboxes:
    """Sets mailboxes aside, and puts them back."""

    def __init__(self, mailboxes: AllMailboxes) -> None:
        self._mailboxes = mailboxes
        self._folder = mailboxes.folder
        self._changing = asyncio.Lock()

    @property
    def keep_days(self) -> int:
        """Days until the files of one are deleted."""
        return self._mailboxes.terms.keep_removed

    async def all(self) -> list[RemovedMailbox]:
        """Those that are kept, the oldest first. Raises OSError."""
        found = []
        for name, text in (await asyncio.to_thread(self._folder.set_aside_lists)).items():
            try:
                found.append(msgspec.json.decode(text, type=RemovedMailbox))
            except msgspec.DecodeError as error:
                log.warning("removed mailbox not read", name=name, error=str(error))
        return sorted(found, key=lambda each: each.removed_at)

    # -- an extension is gone ----------------------------------------------------------------------

    def kept(self) -> Iterable[str]:
        """The numbers with messages, a PIN or a greeting."""
        return self._mailboxes.kept()

    async def forget(self, numbers: Iterable[str]) -> None:
        """Set aside the mailboxes of extensions that are gone; what the disk refuses is logged."""
        async with self._changing:
            for turn, number in enumerate(numbers):
                if turn % AT_ONCE == 0:
                    await asyncio.sleep(0)
                try:
                    async with self._mailboxes.saving:
                        await self._set_aside(number)
                except (NotOnDisk, OSError) as error:
                    log.error("mailbox not set aside", mailbox=number, error=str(error))

    async def _set_aside(self, number: str) -> None:
        messages, row = self._mailboxes.take_out(number)
        if not messages and row is None:
            return
        now = self._mailboxes.now()
        removed = RemovedMailbox(
            id=f"{self._folder.of(number).name}-{new_id(now)}",
            number=number,
            removed_at=now,
            messages=messages,
            row=row,
        )
        try:
            text = msgspec.json.encode(removed)
            await asyncio.to_thread(self._folder.set_aside, number, removed.id, text)
        finally:  # the next owner is not to find them, whatever the disk has done
            await self._mailboxes.drop(messages, row)
        until = datetime.fromtimestamp(now + self.keep_days * DAY).date().isoformat()
        log.warning(
            "mailbox set aside",
            mailbox=number,
            messages=len(messages),
            folder=removed.id,
            until=until,
        )

    async def finish(self) -> None:
        """Drop the rows of what was set aside when an earlier process ended. Raises OSError."""
        for removed in await self.all():
            known = {each.id for each in self._mailboxes.messages(removed.number)}
            left = [message for message in removed.messages if message.id in known]
            row = removed.row if removed.row == self._mailboxes.row(removed.number) else None
            if left or row is not None:
                self._mailboxes.leave_out(left, row)
                await self._mailboxes.drop(left, row)

    # -- what becomes of them ----------------------------------------------------------------------

    async def put_back(self, name: str, by: str) -> RemovedMailbox:
        """Give the messages of a removed mailbox to the extension that has its number now.

        A PIN and a greeting come back where that extension has chosen none. Raises NotRemoved,
        NotOnDisk, OSError.
        """
        async with self._changing:
            removed = next((each for each in await self.all() if each.id == name), None)
            if removed is None:
                raise NotRemoved(f"no removed mailbox {name[:64]!r}")
            number = removed.number
            if self._mailboxes.settings(number) is None:
                raise NotRemoved(f"{number} has no mailbox now")
            # Other programs may have moved a message before, or while it lay aside.
            places = await asyncio.to_thread(self._folder.places_aside, name)
            for message in removed.messages:
                if (folder := places.get(message.id)) is not None:
                    source = self._folder.aside(name, folder, message.id)
                    await self._mailboxes.bring_back(replace(message, folder=folder), source)
            if removed.row is not None:
                await self._put_back_choices(removed, removed.row, by)
            await asyncio.to_thread(self._folder.drop_aside, name)
        log.warning("mailbox put back", mailbox=number, messages=len(removed.messages), by=by)
        return removed

    async def _put_back_choices(self, removed: RemovedMailbox, row: MailboxRow, by: str) -> None:
        number, now = removed.number, self._mailboxes.row(removed.number)
        if row.pin and not now.pin:
            await self._mailboxes.keep_pin(number, row.pin, by)
        if row.greeting and not now.greeting:
            source = self._folder.aside(removed.id, "", row.greeting)
            if await asyncio.to_thread(source.is_file):
                await self._mailboxes.set_greeting(number, source, by)

    async def purge(self) -> None:
        """Delete those that were kept for long enough; runs until it is cancelled."""
        while True:
            try:
                await self._purge()
            except OSError as error:
                log.warning("removed mailboxes not deleted", error=str(error))
            await asyncio.sleep(PURGE_SECONDS)

    async def _purge(self) -> None:
        oldest = self._mailboxes.now() - self.keep_days * DAY
        async with self._changing:
            for removed in await self.all():
                if removed.removed_at < oldest:
                    await asyncio.to_thread(self._folder.drop_aside, removed.id)
                    log.info("removed mailbox deleted", mailbox=removed.number, folder=removed.id)
