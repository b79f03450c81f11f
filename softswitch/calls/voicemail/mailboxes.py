"""All mailboxes: their messages, greetings and PINs.

A message counts when its file and its row are on disk: the file gets its place first, then the row
is written. A file without a row is nobody's message, so that a crash leaves no half one.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from pathlib import Path

import structlog
from msgspec.structs import replace

from softswitch.calls.lamps.message_summary import MessageCounts
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.ports.media_port import Recorded
from softswitch.calls.voicemail import pin
from softswitch.calls.voicemail.folder import NEW, OLD, MailboxFolder
from softswitch.settings.exchange.voicemail import VoicemailSettings
from softswitch.settings.features import MailboxSettings
from softswitch.store.database.changes import Change, Write
from softswitch.store.errors import StoreError
from softswitch.store.exchange.voicemails import (
    MailboxRow,
    Voicemail,
    drop_mailbox,
    drop_voicemail,
    save_mailbox,
    save_voicemail,
)
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.voicemail")

MEGABYTE = 1_000_000


class MailboxFull(Exception):
    """A mailbox has as many messages as it may."""


class DiskFull(Exception):
    """There is no room for more messages."""


class NotOnDisk(Exception):
    """The disk or the database did not take something; the sentence says why."""


class NoMailbox(NotOnDisk):
    """The extension has no mailbox any more, or its number has another owner meanwhile."""

    def __init__(self, number: str) -> None:
        super().__init__(f"the mailbox of {number} was removed meanwhile")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBy:
    """Who leaves a message."""

    number: str
    "Empty where it is hidden."
    name: str
    call_id: str
    sent_by: str = ""
    "The extension that sends on a message of its own mailbox."


@dataclass(frozen=True, slots=True, eq=False)
class Deposit:
    """A message that is about to be left; its place in the mailbox is taken."""

    id: str
    mailbox: str
    caller: LeftBy
    path: Path
    "Where it is recorded."
    owner: int
    "Whose mailbox it is."


class AllMailboxes:
    """The mailboxes of all extensions that have one."""

    def __init__(
        self,
        directory: Directory,
        terms: VoicemailSettings,
        write: Write,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` is Unix time in seconds."""
        self.terms = terms
        self.folder = MailboxFolder(terms.folder)
        self._directory = directory
        self._write = write
        self._now = now
        self._messages: dict[str, dict[str, Voicemail]] = {}
        "By mailbox and id, the oldest first."
        self._rows: dict[str, MailboxRow] = {}
        self.saving = asyncio.Lock()
        "Held while a row changes, and while a mailbox is set aside."
        self._owners: dict[str, int] = {}
        "How many owners of a number are gone."
        self._deposits: dict[str, set[Deposit]] = {}
        "What is being left, by mailbox."
        self._keeping: set[asyncio.Task[Voicemail | None]] = set()
        self.listeners: list[Callable[[str], None]] = []
        "Told of the mailbox after each change of its messages."
        self.arrived: list[Callable[[Voicemail], None]] = []
        "Told of each message that was left."
        self.left = 0
        self.refused: dict[str, int] = {"full": 0, "disk": 0, "not kept": 0}

    # -- what there is -----------------------------------------------------------------------------

    async def restore(self, messages: Iterable[Voicemail], rows: Iterable[MailboxRow]) -> None:
        """Take what an earlier process has kept; what has lost its file or its row is dropped."""
        await asyncio.to_thread(self.folder.prepare)
        self._rows = {row.number: row for row in rows}
        for message in messages:
            self._messages.setdefault(message.mailbox, {})[message.id] = message
        numbers = {*self._messages, *await asyncio.to_thread(self.folder.names)}
        for number in numbers:
            known = {*self._messages.get(number, ()), self.row(number).greeting}
            for stray in await asyncio.to_thread(self.folder.strays, number, known):
                log.warning("file without a row", mailbox=number, file=stray.name)
                await asyncio.to_thread(self.folder.put_away, stray)
            await self.look(number)

    def settle(self, terms: VoicemailSettings) -> None:
        """Take changed settings; the folder stays where it is."""
        self.terms = terms.model_copy(update={"folder": self.terms.folder})

    def settings(self, number: str) -> MailboxSettings | None:
        """The settings of a mailbox; None where the extension has none."""
        extension = self._directory.find(number)
        return None if extension is None else extension.mailbox

    def name(self, number: str) -> str:
        """The name of the extension; empty without one."""
        extension = self._directory.find(number)
        return extension.name if extension is not None else ""

    def numbers(self) -> Iterator[str]:
        """The extensions with a mailbox."""
        for extension in self._directory:
            if extension.mailbox is not None:
                yield extension.number

    def row(self, number: str) -> MailboxRow:
        """What was changed for a mailbox."""
        return self._rows.get(number) or MailboxRow(number=number)

    def messages(self, number: str, folder: str | None = None) -> list[Voicemail]:
        """The messages of a mailbox, the oldest first."""
        messages = self._messages.get(number, {}).values()
        return [each for each in messages if folder in (None, each.folder)]

    def find(self, number: str, message_id: str) -> Voicemail | None:
        """A message of a mailbox."""
        return self._messages.get(number, {}).get(message_id)

    def counts(self, extension: str) -> MessageCounts | None:
        """How many messages are new and old; None for an extension without a mailbox."""
        if self.settings(extension) is None:
            return None
        messages = self._messages.get(extension, {}).values()
        new = sum(each.folder == NEW for each in messages)
        return MessageCounts(new, len(messages) - new)

    def path(self, message: Voicemail) -> Path:
        """The file of a message."""
        return self.folder.path(message.mailbox, message.folder, message.id)

    def greeting(self, number: str) -> Path | None:
        """The file of the greeting; None where it is spoken."""
        name = self.row(number).greeting
        return self.folder.greeting(number, name) if name else None

    def first_greeting(self, number: str) -> Path | None:
        """What callers hear: the recorded greeting, else the one of the settings; None: spoken."""
        settings = self.settings(number)
        return self.greeting(number) or (settings.mailbox_greeting if settings else None)

    async def look(self, number: str) -> None:
        """Follow what others have done to the files of a mailbox. Raises NotOnDisk.

        Where the whole folder is away, nobody has deleted its messages.
        """
        changed = False
        messages, owner = self.messages(number), self.owner(number)
        places = await asyncio.to_thread(self.folder.places, number) if messages else {}
        if places is None:
            log.error("folder of a mailbox away", folder=str(self.folder.of(number)))
            return
        for message in messages:
            if self.find(number, message.id) is not message:
                continue  # it was changed here meanwhile
            found = places.get(message.id)
            if found is None:
                log.warning("message without a file", mailbox=number, message=message.id)
                await self._keep(drop_voicemail(message.id))
                self._messages[number].pop(message.id, None)
                changed = True
            elif found != message.folder:
                await self._put(replace(message, folder=found), owner)
                changed = True
        if changed:
            self._changed(number)

    # -- leaving a message -------------------------------------------------------------------------

    async def begin(self, number: str, caller: LeftBy) -> Deposit:
        """Take a place for a message. Raises MailboxFull, DiskFull."""
        deposits = self._deposits.setdefault(number, set())
        if len(self._messages.get(number, ())) + len(deposits) >= self.terms.most_messages:
            self.refused["full"] += 1
            log.warning("mailbox full", mailbox=number, messages=self.terms.most_messages)
            raise MailboxFull
        deposit_id = new_id(self._now())
        path = self.folder.unfinished(deposit_id)
        deposit = Deposit(deposit_id, number, caller, path, self.owner(number))
        deposits.add(deposit)
        try:
            await self._see_room(number)
        except BaseException:
            self.give_up(deposit)
            raise
        return deposit

    async def _see_room(self, number: str) -> None:
        """Raises DiskFull where no message can be written."""
        is_used = bool(self._messages.get(number))
        try:
            free = await asyncio.to_thread(self.folder.room_for, number, is_used=is_used)
        except OSError as error:
            free = -1
            log.error("voicemail folder away", folder=str(self.folder.root), error=str(error))
        if free < self.terms.reserve * MEGABYTE:
            self.refused["disk"] += 1
            log.error("no room for messages", folder=str(self.folder.root), free=free)
            raise DiskFull

    def give_up(self, deposit: Deposit) -> None:
        """Give the place of a message back that will not be left."""
        self._deposits.get(deposit.mailbox, set()).discard(deposit)

    def keep(
        self, deposit: Deposit, recording: Awaitable[Recorded]
    ) -> asyncio.Task[Voicemail | None]:
        """Keep a message when it is recorded, whatever becomes of the call meanwhile.

        The task returns the message, or None for one that is too short. It raises NotOnDisk.
        """
        keeping = asyncio.get_running_loop().create_task(
            self._kept(deposit, recording), name=f"voicemail {deposit.id}"
        )
        self._keeping.add(keeping)
        keeping.add_done_callback(self._finished)
        return keeping

    def _finished(self, keeping: asyncio.Task[Voicemail | None]) -> None:
        self._keeping.discard(keeping)
        error = None if keeping.cancelled() else keeping.exception()
        if error is not None and not isinstance(error, NotOnDisk):
            log.error("message not kept", exc_info=error)

    async def _kept(self, deposit: Deposit, recording: Awaitable[Recorded]) -> Voicemail | None:
        try:
            recorded = await recording
            seconds = recorded.seconds
            if recorded.why == "silence":
                seconds -= self.terms.silence
            if recorded.why != "failed" and seconds < self.terms.shortest:
                await asyncio.to_thread(deposit.path.unlink, missing_ok=True)
                return None
            if deposit not in self._deposits.get(deposit.mailbox, ()):
                await asyncio.to_thread(self.folder.put_away, deposit.path)
                raise NotOnDisk("the mailbox was removed meanwhile")
            if recorded.why == "failed" and recorded.seconds < self.terms.shortest:
                raise NotOnDisk(recorded.error)
            return await self._settle(deposit, deposit.path, recorded.seconds)
        except NotOnDisk as error:
            self.refused["not kept"] += 1
            log.error("message not kept", mailbox=deposit.mailbox, error=str(error))
            raise
        finally:
            self.give_up(deposit)

    async def _settle(self, deposit: Deposit, recorded: Path, seconds: float) -> Voicemail:
        """Give a recorded message its place and its row. Raises NotOnDisk."""
        caller = deposit.caller
        message = Voicemail(
            id=deposit.id,
            mailbox=deposit.mailbox,
            folder=NEW,
            arrived_at=self._now(),
            caller=caller.number,
            caller_name=caller.name,
            call_id=caller.call_id,
            seconds=round(seconds, 2),
            sent_by=caller.sent_by,
        )
        path = self.path(message)
        try:
            await asyncio.to_thread(self.folder.settle, recorded, path)
            await self._put(message, deposit.owner)
        except OSError as error:
            raise NotOnDisk(str(error)) from error
        except NotOnDisk:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise
        self.left += 1
        log.info("message left", mailbox=message.mailbox, call=caller.call_id, seconds=seconds)
        self._changed(message.mailbox)
        for listener in self.arrived:
            listener(message)
        return message

    # -- what owners do ----------------------------------------------------------------------------

    async def mark(self, message: Voicemail, folder: str) -> None:
        """Let a message be `new` or `old`. Raises NotOnDisk."""
        if self.find(message.mailbox, message.id) is None or message.folder == folder:
            return
        moved = replace(message, folder=folder)
        there, here, owner = self.path(moved), self.path(message), self.owner(message.mailbox)
        try:
            await asyncio.to_thread(self.folder.move, here, there)
            try:
                await self._put(moved, owner)
            except NotOnDisk:
                await asyncio.to_thread(self.folder.move, there, here)
                raise
        except OSError as error:
            raise NotOnDisk(str(error)) from error
        self._changed(message.mailbox)

    async def delete(self, message: Voicemail) -> None:
        """Remove a message: its row first, then its file. Raises NotOnDisk."""
        await self._keep(drop_voicemail(message.id))
        found = self._messages.get(message.mailbox, {}).pop(message.id, message)
        self._changed(message.mailbox)
        await self._delete_file(message.mailbox, self.path(found))

    async def send_on(self, message: Voicemail, number: str, by: str) -> Voicemail:
        """Leave a copy of a message in another mailbox. Raises MailboxFull, DiskFull, NotOnDisk."""
        caller = LeftBy(
            number=message.caller, name=message.caller_name, call_id=message.call_id, sent_by=by
        )
        deposit = await self.begin(number, caller)
        try:
            copied = await asyncio.to_thread(self.folder.copy, self.path(message), deposit.id)
            return await self._settle(deposit, copied, message.seconds)
        except OSError as error:
            raise NotOnDisk(str(error)) from error
        finally:
            self.give_up(deposit)

    def owner(self, number: str) -> int:
        """Stands for who owns the number now: it is another one for the next owner."""
        return self._owners.get(number, 0)

    async def set_greeting(
        self, number: str, recorded: Path | None, by: str, owner: int | None = None
    ) -> None:
        """Let a file that is whole be the greeting; None for the spoken one.

        `owner` is whose greeting it is, where it took a while. Raises NoMailbox, NotOnDisk.
        """
        name = f"greeting-{new_id(self._now())}" if recorded is not None else ""
        async with self.saving:
            self._see_owner(number, owner)
            try:
                if recorded is not None:
                    path = self.folder.greeting(number, name)
                    await asyncio.to_thread(self.folder.settle, recorded, path)
                before = await self._save(number, by, greeting=name)
            except (NotOnDisk, OSError) as error:
                await self._drop_greeting(number, name)
                if isinstance(error, OSError):
                    raise NotOnDisk(str(error)) from error
                raise
        await self._drop_greeting(number, before.greeting)

    async def _drop_greeting(self, number: str, name: str) -> None:
        """Delete the file of a greeting that no row names."""
        if name:
            await self._delete_file(number, self.folder.greeting(number, name))

    # -- PINs --------------------------------------------------------------------------------------

    def has_pin(self, number: str) -> bool:
        """Whether a PIN opens the mailbox."""
        settings = self.settings(number)
        return settings is not None and bool(self.row(number).pin or settings.mailbox_pin)

    async def opens(self, number: str, entered: str) -> bool:
        """Whether it is the PIN of the mailbox; takes as long where there is no mailbox."""
        settings, kept = self.settings(number), self.row(number).pin
        if kept:
            fits = await asyncio.to_thread(pin.fits, entered, kept)
            return fits and settings is not None
        await asyncio.to_thread(pin.keep, entered)  # for the time that it takes
        own = settings.mailbox_pin if settings is not None else None
        return bool(own) and compare_digest(entered.encode(), (own or "").encode())

    async def set_pin(self, number: str, chosen: str, by: str, owner: int | None = None) -> None:
        """Change the PIN; empty for that of the settings. Raises NoMailbox, NotOnDisk."""
        owner = self.owner(number) if owner is None else owner
        kept = await asyncio.to_thread(pin.keep, chosen) if chosen else ""
        await self.keep_pin(number, kept, by, owner)
        log.info("mailbox PIN changed", mailbox=number, by=by)

    # -- mailboxes of extensions that are gone -----------------------------------------------------

    def kept(self) -> Iterator[str]:
        """The numbers with messages, a PIN or a greeting."""
        yield from {number for number, messages in self._messages.items() if messages}
        yield from (number for number, row in self._rows.items() if row.pin or row.greeting)

    def now(self) -> float:
        """Unix time in seconds."""
        return self._now()

    def take_out(self, number: str) -> tuple[list[Voicemail], MailboxRow | None]:
        """Have nothing of a mailbox any more; its messages, and what was changed for it.

        What is just being left there will be nobody's, and what is about to change is refused.
        """
        self._owners[number] = self.owner(number) + 1
        self._deposits.pop(number, None)
        messages = list(self._messages.pop(number, {}).values())
        row = self._rows.pop(number, None)
        if messages:
            self._changed(number)
        return messages, row

    def leave_out(self, messages: Iterable[Voicemail], row: MailboxRow | None) -> None:
        """Have these no more, which were set aside."""
        for message in messages:
            self._messages.get(message.mailbox, {}).pop(message.id, None)
        if row is not None:
            self._rows.pop(row.number, None)

    async def drop(self, messages: Iterable[Voicemail], row: MailboxRow | None) -> None:
        """Remove the rows of what was taken out. Raises NotOnDisk."""
        dropped = [drop_voicemail(message.id) for message in messages]
        if row is not None:
            dropped.append(drop_mailbox(row.number))
        if dropped:
            await self._keep(*dropped)

    async def bring_back(self, message: Voicemail, file: Path) -> None:
        """Have a message again whose file lies elsewhere. Raises NotOnDisk, OSError."""
        owner = self.owner(message.mailbox)
        await asyncio.to_thread(self.folder.settle, file, self.path(message))
        await self._put(message, owner)
        self._changed(message.mailbox)

    async def keep_pin(self, number: str, kept: str, by: str, owner: int | None = None) -> None:
        """Have a PIN that is kept as salt and digest. Raises NoMailbox, NotOnDisk."""
        async with self.saving:
            self._see_owner(number, owner)
            await self._save(number, by, pin=kept)

    # ----------------------------------------------------------------------------------------------

    def _see_owner(self, number: str, owner: int | None = None) -> None:
        """Raises NoMailbox where the next owner of the number would get what is of this one."""
        if self.settings(number) is None or owner not in (None, self.owner(number)):
            raise NoMailbox(number)

    async def _save(self, number: str, by: str, **changes: str) -> MailboxRow:
        """Change what is kept of a mailbox, while `saving` is held; what was kept before.

        Raises NoMailbox where it is removed meanwhile, and NotOnDisk.
        """
        before = self.row(number)
        row = replace(before, changed_at=self._now(), changed_by=by, **changes)
        await self._keep(save_mailbox(row))
        if self.settings(number) is None:
            kept = self._rows.get(number)
            await self._keep(drop_mailbox(number) if kept is None else save_mailbox(kept))
        self._see_owner(number)
        self._rows[number] = row
        return before

    async def _put(self, message: Voicemail, owner: int) -> None:
        """Write the row of a message, new or changed. Raises NotOnDisk.

        Raises NoMailbox where its mailbox is not that of `owner` any more: the next owner of the
        number is not to find it.
        """
        await self._keep(save_voicemail(message))
        if owner != self.owner(message.mailbox):
            await self._keep(drop_voicemail(message.id))
            raise NoMailbox(message.mailbox)
        self._messages.setdefault(message.mailbox, {})[message.id] = message

    async def _keep(self, *changes: Change) -> None:
        try:
            await self._write(*changes)
        except StoreError as error:
            raise NotOnDisk(str(error)) from error

    @staticmethod
    async def _delete_file(number: str, path: Path) -> None:
        """Delete a file of which no row tells any more; what the disk refuses is logged."""
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            log.error("file not deleted", mailbox=number, error=str(error))

    def _changed(self, number: str) -> None:
        for listener in self.listeners:
            listener(number)

    async def close(self) -> None:
        """Wait until all that was recorded is kept."""
        if self._keeping:
            await asyncio.wait(self._keeping)

    def metrics(self) -> Iterator[Metric]:
        """How many messages there are, were left, and were refused."""
        yield Metric(
            "voicemails",
            "Messages in mailboxes, by folder",
            lambda: {
                folder: sum(
                    each.folder == folder
                    for messages in self._messages.values()
                    for each in messages.values()
                )
                for folder in (NEW, OLD)
            },
            "folder",
        )
        yield Metric("voicemails_left_total", "Messages that were left", lambda: self.left)
        yield Metric(
            "voicemails_refused_total",
            "Messages that could not be left, by reason",
            lambda: dict(self.refused),
            "reason",
        )


def new_id(now: float) -> str:
    """A name for a file, in the order of time."""
    return f"{datetime.fromtimestamp(now):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
