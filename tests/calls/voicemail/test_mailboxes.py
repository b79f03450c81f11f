"""A message counts when its file and its row are on disk, and not before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.calls.lamps.message_summary import MessageCounts
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.voicemail.mailboxes import (
    DiskFull,
    LeftBy,
    MailboxFull,
    NoMailbox,
    NotOnDisk,
)
from softswitch.calls.voicemail.removed import RemovedMailboxes
from softswitch.store.database.changes import Change
from softswitch.store.exchange.voicemails import MailboxRow
from tests.calls.voicemail.boxes import Rows, left, mailboxes, write_sound

WHO = LeftBy(number="1000", name="", call_id="c")


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*.wav"))


async def test_a_message_has_a_file_and_a_row_when_it_is_told_of(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    told: list[str] = []
    boxes.listeners.append(told.append)
    boxes.arrived.append(lambda message: told.append(message.id))
    message = await left(boxes)
    assert message is not None
    assert rows.messages == {message.id: message}
    assert files(tmp_path) == [f"1001/new/{message.id}.wav"]
    assert told == ["1001", message.id]
    assert boxes.counts("1001") == MessageCounts(1, 0)
    assert boxes.counts("1000") is None
    assert (message.caller, message.caller_name, message.seconds) == ("1000", "Anna", 4.0)


@pytest.mark.parametrize(
    ("seconds", "why", "is_kept"),
    [
        (1.9, "hangup", False),
        (2.0, "hangup", True),
        (6.0, "silence", False),  # of which five were silent
        (7.0, "silence", True),
        (180.0, "longest duration", True),
    ],
)
async def test_too_short_is_not_kept(
    tmp_path: Path, seconds: float, why: str, is_kept: bool
) -> None:
    boxes = mailboxes(tmp_path)
    message = await left(boxes, seconds=seconds, why=why)
    assert (message is not None) == is_kept == bool(files(tmp_path))
    assert boxes.counts("1001") == MessageCounts(int(is_kept), 0)


async def test_without_a_row_there_is_no_file(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    rows.away = True
    with pytest.raises(NotOnDisk, match="away"):
        await left(boxes)
    assert files(tmp_path) == []
    assert boxes.counts("1001") == MessageCounts()
    rows.away = False
    assert await left(boxes) is not None, "its place was given back"


async def test_a_recording_that_failed_at_once_is_an_error(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    with pytest.raises(NotOnDisk, match="No space left"):
        await left(boxes, seconds=0.0, why="failed", error="No space left on device")
    assert boxes.refused["not kept"] == 1


async def test_a_full_mailbox_takes_no_more_also_while_messages_are_being_left(
    tmp_path: Path,
) -> None:
    boxes = mailboxes(tmp_path, most_messages=2)
    await left(boxes)
    deposit = await boxes.begin("1001", WHO)
    with pytest.raises(MailboxFull):
        await boxes.begin("1001", WHO)
    await boxes.begin("1002", WHO)
    boxes.give_up(deposit)
    await boxes.begin("1001", WHO)
    assert boxes.refused["full"] == 1


async def test_a_full_disk_takes_no_more(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    boxes.terms = boxes.terms.model_copy(update={"reserve": 1e12})
    with pytest.raises(DiskFull):
        await boxes.begin("1001", WHO)
    assert boxes.refused["disk"] == 1


async def test_after_a_crash_there_is_no_half_message(tmp_path: Path) -> None:
    rows = Rows()
    before = mailboxes(tmp_path, rows)
    message, other = await left(before), await left(before)
    assert message is not None
    assert other is not None
    before.folder.unfinished("half").write_bytes(b"RIFF")
    (tmp_path / "1001/new/stray.wav").write_bytes(b"RIFF")
    before.path(other).unlink()
    after = mailboxes(tmp_path, rows)
    await after.restore(rows.messages.values(), [])
    assert after.messages("1001") == [message]
    assert list(rows.messages) == [message.id]
    assert files(tmp_path) == [".lost/stray.wav", f"1001/new/{message.id}.wav"]


async def test_the_mailbox_follows_what_others_do_to_its_files(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    heard, gone = await left(boxes), await left(boxes)
    assert heard is not None
    assert gone is not None
    (tmp_path / "1001/old").mkdir()
    boxes.path(heard).rename(tmp_path / f"1001/old/{heard.id}.wav")
    boxes.path(gone).unlink()
    await boxes.look("1001")
    assert boxes.counts("1001") == MessageCounts(0, 1)
    assert [each.folder for each in rows.messages.values()] == ["old"]


async def test_no_message_is_lost_while_the_disk_of_the_folder_is_away(tmp_path: Path) -> None:
    """A disk that is not mounted looks like one on which others have deleted everything."""
    rows, folder = Rows(), tmp_path / "voicemails"
    boxes = mailboxes(folder, rows)
    message = await left(boxes)
    assert message is not None
    folder.rename(tmp_path / "away")
    await boxes.look("1001")
    with pytest.raises(DiskFull):  # what is left now would stand for all that is there
        await boxes.begin("1001", WHO)
    await boxes.begin("1002", WHO)
    again = mailboxes(folder, rows)
    await again.restore(rows.messages.values(), [])
    (folder / ".recording").rmdir()
    folder.rmdir()
    (tmp_path / "away").rename(folder)
    for each in (boxes, again):
        await each.look("1001")
        assert each.messages("1001") == [message] == list(rows.messages.values())
    assert files(folder) == [f"1001/new/{message.id}.wav"]


async def test_a_message_is_marked_and_deleted(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    message = await left(boxes)
    assert message is not None
    await boxes.mark(message, "old")
    assert files(tmp_path) == [f"1001/old/{message.id}.wav"]
    await boxes.delete(boxes.messages("1001")[0])
    assert (files(tmp_path), rows.messages) == ([], {})


async def test_pins_are_kept_as_digests(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    assert await boxes.opens("1002", "2468")
    assert not await boxes.opens("1002", "1111")
    assert not await boxes.opens("1001", "")
    assert not await boxes.opens("1000", "2468")
    await boxes.set_pin("1002", "13579", "1002")
    assert "13579" not in str(rows.boxes)
    assert await boxes.opens("1002", "13579")
    assert not await boxes.opens("1002", "2468")
    await boxes.set_pin("1002", "", "admin")
    assert await boxes.opens("1002", "2468")
    assert "2468" not in repr(boxes.settings("1002"))


async def test_two_changes_of_a_mailbox_at_once_are_both_kept(tmp_path: Path) -> None:
    gate = asyncio.Event()

    class SlowAtFirst(Rows):
        async def write(self, change: Change) -> None:
            if not self.boxes:
                self.boxes["1002"] = MailboxRow(number="1002")
                await gate.wait()
            await super().write(change)

    rows = SlowAtFirst()
    boxes = mailboxes(tmp_path, rows)
    greeting = asyncio.create_task(boxes.set_greeting("1002", None, "admin"))
    pin = asyncio.create_task(boxes.set_pin("1002", "13579", "1002"))
    await asyncio.wait((pin,), timeout=0.3)
    gate.set()
    await asyncio.gather(greeting, pin)
    assert await boxes.opens("1002", "13579")
    assert rows.boxes["1002"].pin


@pytest.mark.parametrize("had_pin", [False, True])
async def test_a_pin_that_is_stored_while_the_extension_goes_is_nobodys(
    tmp_path: Path, had_pin: bool
) -> None:
    class Removing(Rows):
        is_removing = False

        async def write(self, *changes: Change) -> None:
            await super().write(*changes)
            if self.is_removing:
                boxes._directory.exchange(Directory())

    rows = Removing()
    boxes = mailboxes(tmp_path, rows)
    if had_pin:
        await boxes.set_pin("1001", "24680", "1001")
    rows.is_removing, kept = True, dict(rows.boxes)
    with pytest.raises(NoMailbox, match="removed meanwhile"):
        await boxes.set_pin("1001", "13579", "1001")
    assert rows.boxes == kept, "what is set aside is what was there"
    removed = RemovedMailboxes(boxes)
    await removed.forget(["1001"])
    assert rows.boxes == {}
    assert [each.row for each in await removed.all()] == list(kept.values())


@pytest.mark.parametrize("what", ["left", "marked", "sent on"])
async def test_a_message_that_is_stored_while_the_mailbox_goes_is_nobodys(
    tmp_path: Path, what: str
) -> None:
    class Removing(Rows):
        is_removing = False

        async def write(self, *changes: Change) -> None:
            await super().write(*changes)
            if self.is_removing:
                self.is_removing = False
                await RemovedMailboxes(boxes).forget(["1001"])

    rows = Removing()
    boxes = mailboxes(tmp_path, rows)
    message, elsewhere = await left(boxes), await left(boxes, "1002")
    assert message is not None
    assert elsewhere is not None
    rows.is_removing = True
    with pytest.raises(NotOnDisk):
        if what == "left":
            await left(boxes)
        elif what == "marked":
            await boxes.mark(message, "old")
        else:
            await boxes.send_on(elsewhere, "1001", "1002")
    assert boxes.messages("1001") == []
    assert list(rows.messages) == [elsewhere.id]


async def test_a_pin_of_the_owner_before_is_not_that_of_the_next(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    changing = asyncio.create_task(boxes.set_pin("1001", "13579", "1001"))
    await asyncio.sleep(0)  # it is being hashed
    await RemovedMailboxes(boxes).forget(["1001"])
    with pytest.raises(NoMailbox):
        await changing
    assert not await boxes.opens("1001", "13579")


async def test_greetings_that_no_row_names_are_put_away_at_the_start(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    recorded = boxes.folder.unfinished("greeting")
    write_sound(recorded, 2.0)
    await boxes.set_greeting("1001", recorded, "1001")
    for number in ("1001", "1002"):
        boxes.folder.of(number).mkdir(exist_ok=True)
        write_sound(boxes.folder.greeting(number, "greeting-20260101-000000-00000000"), 2.0)
    again = mailboxes(tmp_path, rows)
    await again.restore(rows.messages.values(), rows.boxes.values())
    kept = again.greeting("1001")
    assert kept is not None
    lost = ".lost/greeting-20260101-000000-00000000.wav"
    assert files(tmp_path) == [lost, f"1001/{kept.name}"]
