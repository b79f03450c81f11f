"""Whoever gets the number of an extension that is gone finds nothing of the one before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterable, Sequence
from pathlib import Path

import pytest

from softswitch.app.parts.dial_plan import directory_of
from softswitch.app.takers.access import RandomPasswords
from softswitch.app.takers.departures import Departures
from softswitch.app.takers.gone import forget_gone
from softswitch.calls.agents import Agents
from softswitch.calls.features.features import ChosenFeatures
from softswitch.calls.features.recent import Caller
from softswitch.calls.numbers.rules.budgets import Budget
from softswitch.calls.ports.under_way import Recorded
from softswitch.calls.voicemail.mailboxes import LeftBy, NotOnDisk
from softswitch.calls.voicemail.removed import NotRemoved, RemovedMailboxes
from softswitch.http.provisioning.phone_urls import PhoneUrls
from softswitch.live.changes import Action, EntryChange
from softswitch.live.kinds_of_entries import BY_PLURAL
from softswitch.settings.passwords import forget, kept_names
from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow
from tests.calls.numbers.rules.test_budgets import Till
from tests.calls.scene import Scene
from tests.calls.voicemail.boxes import NOON, Rows, left, mailboxes, write_sound
from tests.live.conftest import Place, place

__all__ = ["place"]


class Note:
    """Notes who is gone."""

    def __init__(self, *kept: str) -> None:
        self._kept = kept
        self.gone: list[str] = []

    def kept(self) -> Iterable[str]:
        return self._kept

    def forget(self, numbers: Sequence[str]) -> Awaitable[None] | None:
        self.gone += numbers
        return None


class Refuses(Note):
    """Fails."""

    async def forget(self, numbers: Sequence[str]) -> None:
        raise RuntimeError("a mistake")


def change(
    action: Action, place: str = "", kind: str = "extensions", **body: object
) -> EntryChange:
    return EntryChange(action=action, kind=BY_PLURAL[kind], name=place, body=body)


async def test_all_are_told_of_an_extension_that_is_gone(place: Place) -> None:
    live, first, second = await place.open(), Note(), Note()
    live.tell(Departures(first, Refuses(), second))
    await live.change([change(Action.ADD, number="1005", password="s3cret")], "admin")
    await live.change([change(Action.CHANGE, "1005", name="Eva")], "admin")
    assert first.gone == second.gone == []
    await live.change([change(Action.REMOVE, "1005")], "admin")
    assert first.gone == second.gone == ["1005"]


async def test_calls_have_their_turn_between_two_keepers() -> None:
    order: list[str] = []

    class Slow(Note):
        async def forget(self, numbers: Sequence[str]) -> None:
            order.append("forgets")
            asyncio.get_running_loop().call_soon(order.append, "call")

    await Departures(Slow("1"), Slow("1")).catch_up(lambda _: False)
    assert order == ["forgets", "call", "forgets", "call"]


async def test_an_extension_of_another_type_is_another_one(place: Place) -> None:
    live, note = await place.open(), Note()
    live.tell(Departures(note))
    await live.change([change(Action.ADD, number="1005", password="s3cret")], "admin")
    await live.change([change(Action.CHANGE, "1005", type="echo", password=None)], "admin")
    assert note.gone == ["1005"]


async def test_a_range_that_the_file_has_lost_is_gone(place: Place) -> None:
    live, note = await place.open(), Note()
    live.tell(Departures(note))
    place.write('range = "2000-2009"', 'range = "2000-2008"')
    await live.reload()
    assert note.gone == ["2009"]


async def test_at_a_start_those_are_told_of_who_went_while_the_switch_did_not_run() -> None:
    first, second = Note("1000", "1005"), Note("1009")
    await Departures(first, second).catch_up({"1000"}.__contains__)
    assert first.gone == second.gone == ["1005", "1009"]


async def test_what_the_file_leaves_out_at_a_start_is_not_gone(place: Place) -> None:
    live = await place.open()
    added = [
        change(Action.ADD, range="3000-3009", password="s3cret"),
        change(Action.ADD, number="1005", password="s3cret"),
    ]
    await live.change(added, "admin")
    place.write('number = "600"', 'number = "3000"')
    live = await place.open()
    assert [row.name for row in live.left_out] == ["3000-3009"]
    note, scene = Note("1005", "3000", "3005", "3010"), Scene()
    scene.plan.directory.exchange(directory_of(live.now.settings.extensions))
    passwords = RandomPasswords(place.path.with_name("passwords.json"))
    await forget_gone(live, scene.plan, Departures(note), passwords)
    assert note.gone == ["3010"]


# -- who keeps something ---------------------------------------------------------------------------


async def test_features_recent_calls_and_callbacks_are_forgotten() -> None:
    scene = Scene()
    features, wishes = scene.plan.features, scene.answering.ringer.wishes
    await features.change("1005", "", lambda _: ChosenFeatures(max_calls=1))
    wishes.recent.has_called("1005", Caller("1000", "", False))
    await wishes.callbacks.ask("1005", "1000")
    await wishes.callbacks.ask("1000", "1005")
    await wishes.callbacks.ask("1000", "1001")
    await Departures(features, wishes.recent, wishes.callbacks).catch_up(lambda each: each < "1005")
    assert features.chosen("1005").features == ChosenFeatures()
    assert wishes.recent.last_caller("1005") is None
    assert [each.wanted for each in wishes.callbacks.waiting()] == ["1001"]


async def test_agents_and_queues_that_are_gone_are_logged_in_nowhere() -> None:
    scene = Scene()
    agents: Agents = scene.plan.agents
    for queue, agent in (("700", "1001"), ("700", "1002"), ("701", "1002")):
        await agents.log_in(queue, agent)
    await agents.pause("1001")
    assert set(agents.kept()) == {"700", "701", "1001", "1002"}
    await agents.forget(["1001", "701"])
    assert list(agents.logged_in("700")) == ["1002"]
    assert not agents.logged_in("701")
    assert agents.pause_of("1001") is None


async def test_queues_begin_anew_for_the_next_one() -> None:
    queues = Scene().control.queues
    queues.queue("700").answered = 3
    queues.state("1001").calls = 7
    queues.forget(["700", "1001"])
    assert queues.queue("700").answered == 0
    assert queues.state("1001").calls == 0


def test_the_next_owner_has_used_nothing_of_a_budget() -> None:
    till = Till(Budget(name="day", calls=1), Budget(name="line", per="trunk", calls=9))
    till.talk(60, till.way("1005"))
    assert not till.is_free(till.way("1005"))
    assert list(till.budgets.kept()) == ["1005"]
    till.budgets.forget(["1005"])
    assert till.is_free(till.way("1005"))
    assert {used.budget: used.calls for used in till.budgets.used()} == {"day": 0, "line": 1}


async def test_the_url_of_a_removed_extension_is_worthless_for_the_next_one() -> None:
    rows = list[ChoiceRow]()

    async def write(*changes: Change) -> None:
        rows.extend(ChoiceRow(**change.row) for change in changes)

    urls = PhoneUrls(b"key", write, ("192.0.2.1", 443))
    secret = urls.secret("1005")
    await urls.forget(["1005"])
    assert not urls.is_right("1005", secret)
    again = PhoneUrls(b"key", write, ("192.0.2.1", 443), rows)
    assert not again.is_right("1005", secret)


async def test_the_urls_of_many_removed_extensions_are_one_write() -> None:
    written: list[int] = []

    async def write(*changes: Change) -> None:
        written.append(len(changes))

    numbers = [str(each) for each in range(1000, 2000)]
    urls = PhoneUrls(b"key", write, ("192.0.2.1", 443))
    secret = urls.secret("1999")
    rest = urls.forget(numbers)
    assert not urls.is_right("1999", secret), "at once, whatever the disk does"
    await rest
    assert written == [1000]


async def test_what_the_disk_refuses_is_worthless_all_the_same() -> None:
    async def write(*_: Change) -> None:
        raise StoreError("full")

    urls = PhoneUrls(b"key", write, ("192.0.2.1", 443))
    secret = urls.secret("1005")
    await urls.forget(["1005"])
    assert not urls.is_right("1005", secret)


# -- passwords -------------------------------------------------------------------------------------


def kept_in(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(file.read_text())
    return found


async def test_random_passwords_of_who_is_gone_never_come_back(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    kept = {"phones": {"1000": "a", "1005": "b"}, "http": {"admin": "c", "eva": "d"}}
    file.write_text(json.dumps(kept))
    random = RandomPasswords(file)
    assert set(random.kept()) == {"1000", "1005"}
    await random.forget(["1005", "1009"])
    await random.forget_other_users({"admin"})
    assert kept_in(file) == {"phones": {"1000": "a"}, "http": {"admin": "c"}}
    assert file.stat().st_mode & 0o777 == 0o600


def test_forgetting_makes_no_file(tmp_path: Path) -> None:
    forget(tmp_path / "none.json", ["1000"])
    assert list(tmp_path.iterdir()) == []
    assert not any(kept_names(tmp_path / "none.json"))


async def test_a_file_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    file.write_text("{")
    await RandomPasswords(file).forget(["1000"])
    assert file.read_text() == "{"


async def test_an_extension_that_is_added_again_gets_another_random_password(place: Place) -> None:
    live = await place.open()
    file = live.now.passwords.file
    random = RandomPasswords(file)
    live.tell(Departures(random), random.take)
    add = change(Action.ADD, number="1005"), change(Action.ADD, kind="users", username="eva")
    remove = change(Action.REMOVE, "1005"), change(Action.REMOVE, "eva", kind="users")
    seen = set()
    for _ in range(2):
        await live.change(add, "admin")
        seen |= {live.now.passwords.phones["1005"], live.now.passwords.http["eva"]}
        await live.change(remove, "admin")
        assert "1005" not in kept_in(file)["phones"]
        assert "eva" not in kept_in(file)["http"]
    assert len(seen) == 4


# -- mailboxes -------------------------------------------------------------------------------------


async def set_aside(folder: Path, rows: Rows) -> RemovedMailboxes:
    """Ben's mailbox, with two messages, a PIN and a greeting, is set aside."""
    boxes = mailboxes(folder, rows)
    removed = RemovedMailboxes(boxes)
    first, _ = await left(boxes), await left(boxes)
    assert first is not None
    await boxes.mark(first, "old")
    await boxes.set_pin("1001", "13579", "1001")
    recorded = boxes.folder.unfinished("greeting")
    recorded.write_bytes(boxes.path(boxes.messages("1001")[0]).read_bytes())
    await boxes.set_greeting("1001", recorded, "1001")
    changed: list[str] = []
    boxes.listeners.append(changed.append)
    await removed.forget(["1001", "1002"])
    assert changed == ["1001"], "its lamp goes out"
    return removed


async def test_the_next_owner_of_a_number_has_an_empty_mailbox(tmp_path: Path) -> None:
    rows = Rows()
    removed = await set_aside(tmp_path, rows)
    boxes = removed._mailboxes
    assert boxes.messages("1001") == []
    assert boxes.greeting("1001") is None
    assert not await boxes.opens("1001", "13579")
    assert rows.messages == rows.boxes == {}
    assert not (tmp_path / "1001").exists()
    again = mailboxes(tmp_path, rows)
    await again.restore(rows.messages.values(), rows.boxes.values())
    assert again.messages("1001") == []
    (kept,) = await removed.all()
    assert (kept.number, len(kept.messages), kept.removed_at) == ("1001", 2, NOON)
    assert len(list((tmp_path / ".removed" / kept.id).rglob("*.wav"))) == 3


async def test_a_mailbox_that_was_removed_by_mistake_is_put_back(tmp_path: Path) -> None:
    rows = Rows()
    removed = await set_aside(tmp_path, rows)
    boxes = removed._mailboxes
    fresh = await left(boxes)
    (kept,) = await removed.all()
    await removed.put_back(kept.id, "admin")
    found = boxes.messages("1001")
    assert {each.id for each in found} == {*(each.id for each in kept.messages), fresh and fresh.id}
    assert sorted(each.folder for each in found) == ["new", "new", "old"]
    assert all(boxes.path(each).is_file() for each in found)
    assert await boxes.opens("1001", "13579")
    greeting = boxes.greeting("1001")
    assert greeting is not None
    assert greeting.is_file()
    assert set(rows.messages) == {each.id for each in found}
    assert await removed.all() == []
    with pytest.raises(NotRemoved, match="no removed mailbox"):
        await removed.put_back(kept.id, "admin")


async def test_a_pin_that_the_next_owner_has_chosen_stays(tmp_path: Path) -> None:
    removed = await set_aside(tmp_path, Rows())
    boxes = removed._mailboxes
    await boxes.set_pin("1001", "97531", "1001")
    (kept,) = await removed.all()
    await removed.put_back(kept.id, "admin")
    assert await boxes.opens("1001", "97531")


async def test_a_message_that_another_program_has_moved_is_put_back(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    heard, lost = await left(boxes, "1001"), await left(boxes, "1001")
    assert heard is not None
    assert lost is not None
    target = boxes.folder.path("1001", "old", heard.id)
    boxes.folder.move(boxes.path(heard), target)
    boxes.path(lost).unlink()
    removed = RemovedMailboxes(boxes)
    await removed.forget(["1001"])
    (kept,) = await removed.all()
    await removed.put_back(kept.id, "admin")
    assert [(each.id, each.folder) for each in boxes.messages("1001")] == [(heard.id, "old")]
    assert target.is_file()
    assert list(rows.messages) == [heard.id]


@pytest.mark.parametrize("name", ["../1002", "nothing", ""])
async def test_only_what_was_set_aside_is_put_back(tmp_path: Path, name: str) -> None:
    removed = await set_aside(tmp_path, Rows())
    with pytest.raises(NotRemoved):
        await removed.put_back(name, "admin")


async def test_mailboxes_are_kept_aside_for_so_many_days(tmp_path: Path) -> None:
    removed = await set_aside(tmp_path, Rows())
    boxes, now = removed._mailboxes, NOON
    boxes._now = lambda: now
    now += 29 * 86_400
    await removed._purge()
    assert len(await removed.all()) == 1
    now += 2 * 86_400
    await removed._purge()
    assert await removed.all() == []
    assert list((tmp_path / ".removed").iterdir()) == []


async def test_rows_that_a_crash_has_left_are_dropped(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    await left(boxes)
    await boxes.set_pin("1001", "13579", "1001")
    before = dict(rows.messages), dict(rows.boxes)
    await RemovedMailboxes(boxes).forget(["1001"])
    rows.messages, rows.boxes = before
    again = mailboxes(tmp_path, rows)
    await again.restore(rows.messages.values(), rows.boxes.values())
    await RemovedMailboxes(again).finish()
    assert again.messages("1001") == []
    assert not await again.opens("1001", "13579")
    assert rows.messages == rows.boxes == {}


async def test_a_database_that_is_away_gives_nobody_the_messages(tmp_path: Path) -> None:
    rows = Rows()
    boxes = mailboxes(tmp_path, rows)
    await left(boxes)
    rows.away = True
    removed = RemovedMailboxes(boxes)
    await removed.forget(["1001"])
    assert boxes.messages("1001") == []
    assert len(await removed.all()) == 1


async def test_a_message_that_is_being_left_is_nobodys(tmp_path: Path) -> None:
    boxes = mailboxes(tmp_path)
    deposit = await boxes.begin("1001", LeftBy(number="1000", name="", call_id="c1"))
    write_sound(deposit.path, 4.0)
    recorded: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
    keeping = boxes.keep(deposit, recorded)
    await left(boxes)
    await RemovedMailboxes(boxes).forget(["1001"])
    recorded.set_result(Recorded(str(deposit.path), 4.0, "hangup"))
    with pytest.raises(NotOnDisk, match="removed meanwhile"):
        await keeping
    assert boxes.messages("1001") == []
    assert len(list((tmp_path / ".lost").iterdir())) == 1
