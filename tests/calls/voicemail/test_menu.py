"""What keys do, with an owner who presses them and mailboxes on disk; no port, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from softswitch.calls.lamps.message_summary import MessageCounts
from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.access import Visitor, open_mailbox
from softswitch.calls.voicemail.leaving import Left, leave
from softswitch.calls.voicemail.mailboxes import AllMailboxes, LeftBy
from softswitch.calls.voicemail.menu import Menu, MessageVisit
from softswitch.calls.voicemail.options import Options
from softswitch.calls.voicemail.removed import RemovedMailboxes
from softswitch.guard.bans import BanList
from softswitch.guard.pins import Pins
from softswitch.store.exchange.voicemails import Voicemail
from tests.calls.voicemail.boxes import NOON, Owner, Rows, left, mailboxes
from tests.calls.voicemail.test_mailboxes import files

NOW = datetime.fromtimestamp(NOON, UTC)
WHO = LeftBy(number="1000", name="Anna", call_id="c1")


async def no_call(_number: str) -> str:
    return prompts.NOT_REACHED


async def visit(boxes: AllMailboxes, *keys: str, number: str = "1001") -> list[str]:
    """What an owner hears who presses these keys."""
    owner = Owner(*keys)
    await Menu(owner, boxes, number, no_call, lambda: NOW).visit()
    return owner.heard


async def two(boxes: AllMailboxes) -> tuple[Voicemail, Voicemail]:
    first, second = await left(boxes, caller="1000"), await left(boxes, caller="")
    assert first is not None
    assert second is not None
    return first, second


def keys_of(sentences: Iterable[str]) -> str:
    """The keys that sentences offer."""
    words = " ".join(sentences).replace("the hash key", "#").replace("star", "*").split()
    after = (words[at + 1] for at, word in enumerate(words[:-1]) if word.lower() == "press")
    return "".join(word.strip(".,") for word in after)


async def test_every_key_of_a_menu_is_offered_and_none_beside(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    owner = Owner()
    main = Menu(owner, boxes, "1001", no_call, lambda: NOW)
    assert sorted(keys_of([prompts.MAIN])) == sorted([*main.keys, "#"])
    messages = MessageVisit(owner, boxes, [], no_call, lambda: NOW)
    assert sorted(keys_of([prompts.MESSAGE])) == sorted([*messages.keys, "*"])
    options = Options(owner, boxes, "1001")
    assert sorted(keys_of([prompts.OPTIONS])) == sorted([*options.keys, "*"])


async def test_an_empty_mailbox_says_so(tmp_path: Path) -> None:
    heard = await visit(mailboxes(tmp_path), "1", "2", "4", "#")
    assert heard[0] == "You have no new messages."
    assert [each for each in heard if each != prompts.MAIN] == [
        "You have no new messages.",
        prompts.NO_NEW,
        prompts.NO_OLD,
        prompts.UNKNOWN_KEY,
        prompts.GOODBYE,
    ]


async def test_who_presses_nothing_is_hung_up_on(tmp_path: Path) -> None:
    heard = await visit(mailboxes(tmp_path))
    assert heard.count(prompts.MAIN) == 3
    assert heard[-1] == prompts.GOODBYE


async def test_messages_are_heard_one_after_the_other(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    first, second = await two(boxes)
    heard = await visit(boxes, "1", "6", "5", "9", "#")
    played = [each for each in heard if each.startswith("♪")]
    assert played == [f"♪ {first.id}", f"♪ {second.id}", f"♪ {second.id}"]
    about = [each for each in heard if each.startswith("Message ")]
    assert about[0] == f"Message 1, from 1 0 0 0, today at {NOW:%-H} {NOW:%M}."
    assert about[1].startswith("Message 2, from an unknown number, today")
    assert heard[0] == "You have 2 new messages."
    assert f"{prompts.SAVED} {prompts.LAST}" in heard
    assert boxes.counts("1001") == MessageCounts(0, 2)


async def test_a_message_is_deleted_and_the_next_one_played(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    first, second = await two(boxes)
    heard = await visit(boxes, "1", "7", "*", "#")
    assert [each for each in heard if each.startswith("♪")] == [f"♪ {first.id}", f"♪ {second.id}"]
    assert heard.index(prompts.DELETED) < heard.index(f"♪ {second.id}")
    assert boxes.counts("1001") == MessageCounts(0, 1)
    assert not (tmp_path / f"1001/new/{first.id}.wav").exists()


async def test_back_to_the_one_before(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    first, _ = await two(boxes)
    heard = await visit(boxes, "1", "6", "4", "*", "#")
    assert [each for each in heard if each.startswith("♪")][2:] == [f"♪ {first.id}"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("1002", prompts.SENT_ON),
        ("1000", prompts.NO_MAILBOX),
        ("4711", prompts.NO_MAILBOX),
    ],
)
async def test_a_message_is_sent_on(tmp_path: Path, number: str, said: str) -> None:
    boxes = mailboxes(tmp_path)
    message, _ = await two(boxes)
    assert said in await visit(boxes, "1", "8", number, "*", "#")
    copies = boxes.messages("1002")
    assert len(copies) == (number == "1002")
    for copy in copies:
        assert (copy.caller, copy.sent_by, copy.folder) == ("1000", "1001", "new")
        assert copy.id != message.id
        assert boxes.path(copy).is_file()


async def test_a_full_mailbox_gets_nothing_sent_on(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path, most_messages=2)
    await two(boxes)
    for _ in range(2):
        await left(boxes, "1002")
    assert prompts.TARGET_FULL in await visit(boxes, "1", "8", "1002", "*", "#")


async def test_calling_back(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    await two(boxes)
    called: list[str] = []

    async def call_back(number: str) -> str:
        called.append(number)
        return prompts.NOT_REACHED

    owner = Owner("1", "3", "6", "3", "*", "#")
    await Menu(owner, boxes, "1001", call_back, lambda: NOW).visit()
    assert called == ["1000"]
    assert prompts.NOT_REACHED in owner.heard
    assert prompts.NO_NUMBER in owner.heard


async def test_what_is_not_on_disk_is_said(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    await two(boxes)
    owner = Owner("7", "6")
    visit = MessageVisit(owner, boxes, boxes.messages("1001"), no_call, lambda: NOW)
    rows.away = True
    assert await visit.hear() == prompts.NOT_DONE
    assert owner.heard.count(prompts.NOT_DONE) == 2
    assert boxes.counts("1001") == MessageCounts(2, 0)
    assert len(list((tmp_path / "1001/new").iterdir())) == 2


async def test_the_greeting_is_recorded_and_kept(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    heard = await visit(boxes, "0", "1", "2", "1", "*", "#")
    assert heard.count("beep") == 2, "once more after 2"
    greeting = boxes.greeting("1001")
    assert greeting is not None
    assert greeting.is_file()
    assert not list((tmp_path / ".recording").iterdir())
    owner = Owner("#")
    await leave(owner, boxes, "1001", WHO)
    assert owner.heard[0] == f"♪ {greeting.stem}"
    await visit(boxes, "0", "3", "*", "#")
    assert boxes.greeting("1001") is None
    assert not greeting.exists()


async def test_a_greeting_that_is_not_kept_changes_nothing(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    await visit(boxes, "0", "1", "*", "*", "#")
    assert boxes.greeting("1001") is None
    assert not list((tmp_path / ".recording").iterdir())


@pytest.mark.parametrize(
    ("first", "again", "said"),
    [
        ("1357", "1357", prompts.PIN_CHANGED),
        ("1357", "1358", prompts.PIN_DIFFERENT),
        ("135", "", prompts.PIN_REFUSED),
        ("13*7", "", prompts.PIN_REFUSED),
    ],
)
async def test_the_pin_is_changed(tmp_path: Path, first: str, again: str, said: str) -> None:
    boxes = mailboxes(tmp_path)
    keys = [each for each in (first, again) if each]
    assert said in await visit(boxes, "0", "5", *keys, "*", "#", number="1002")
    assert await boxes.opens("1002", "1357") == (said == prompts.PIN_CHANGED)


# -- leaving ---------------------------------------------------------------------------------------


async def test_a_caller_hears_greeting_and_beep_and_leaves_a_message(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    caller = Owner()
    assert await leave(caller, boxes, "1001", WHO) is Left.DONE
    spoken = "The person at extension 1 0 0 1 is not available."
    assert caller.heard == [spoken, prompts.LEAVE, "beep", prompts.LEFT]
    assert boxes.counts("1001") == MessageCounts(1, 0)


async def test_what_a_caller_is_told_when_nothing_is_kept(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows, most_messages=1)
    short = Owner(records=1.0)
    await leave(short, boxes, "1001", WHO)
    assert short.heard[-1] == prompts.TOO_SHORT
    rows.away = True
    unlucky = Owner()
    await leave(unlucky, boxes, "1001", WHO)
    assert unlucky.heard[-1] == prompts.NOT_KEPT
    rows.away = False
    await left(boxes)
    late = Owner()
    await leave(late, boxes, "1001", WHO)
    assert late.heard == [prompts.FULL]


async def test_a_star_during_the_greeting_lets_the_owner_in(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path, most_messages=1)
    assert await leave(Owner("*"), boxes, "1001", WHO) is Left.WANTS_IN
    assert await left(boxes) is not None, "the place was given back"


# -- access ----------------------------------------------------------------------------------------


def pins() -> Pins:
    return Pins(BanList())


FROM_OUTSIDE = Visitor("+4930123", "", "carrier")


async def opened(
    boxes: AllMailboxes, visitor: Visitor, *keys: str, guard: Pins | None = None, wanted: str = ""
) -> str | None:
    return await open_mailbox(Owner(*keys), boxes, guard or pins(), visitor, wanted)


@pytest.mark.parametrize(
    ("visitor", "keys", "found"),
    [
        (Visitor("1001", "1001", ""), (), "1001"),
        (Visitor("1002", "1002", ""), ("2468",), "1002"),
        (Visitor("1002", "1002", ""), ("1111", "2468"), "1002"),
        (Visitor("1002", "1002", ""), ("1111", "1112", "1113", "2468"), None),
        (Visitor("1000", "1000", ""), ("1002", "2468"), "1002"),
        (FROM_OUTSIDE, ("1002", "2468"), "1002"),
        (FROM_OUTSIDE, ("1001", "1234"), None),
        (FROM_OUTSIDE, ("1000", "2468"), None),
        (FROM_OUTSIDE, (), None),
    ],
)
async def test_who_opens_what(
    tmp_path: Path, visitor: Visitor, keys: tuple[str, ...], found: str | None
) -> None:
    assert await opened(mailboxes(tmp_path), visitor, *keys) == found


async def test_who_guesses_is_refused_even_when_right(tmp_path: Path) -> None:
    boxes, guard = mailboxes(tmp_path), pins()
    for guess in range(2):
        tries = [key for n in range(3) for key in ("1002", f"99{guess}{n}")]
        assert await opened(boxes, FROM_OUTSIDE, *tries, guard=guard) is None
    assert await opened(boxes, FROM_OUTSIDE, "1002", "2468", guard=guard) is None
    assert await opened(boxes, Visitor("1002", "1002", ""), "2468", guard=guard) == "1002"


async def test_what_an_owner_chooses_while_the_extension_goes_is_not_for_the_next(
    tmp_path: Path,
) -> None:
    class Leaving(Owner):
        async def beep(self) -> None:
            await RemovedMailboxes(boxes).forget(["1001"])

    boxes = mailboxes(tmp_path)
    owner = Leaving("1", "1", "5", "13579", "13579", "*")
    await Options(owner, boxes, "1001").choose()
    assert owner.heard.count(prompts.NOT_DONE) == 2
    assert boxes.greeting("1001") is None
    assert not boxes.has_pin("1001")
    assert not files(tmp_path)
