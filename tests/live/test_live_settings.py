"""Entries change as a whole or not at all, outlive a restart, and the file is read again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from softswitch.live.changes import (
    Action,
    EntryChange,
    EntryExists,
    EntryFixed,
    EntryOutdated,
    NoSuchEntry,
    etag_of,
)
from softswitch.live.kinds_of_entries import BY_PLURAL, ENTRY_KINDS, shown
from softswitch.live.live_settings import LiveSettings, Take
from softswitch.live.reports import EntriesCounted
from softswitch.live.snapshot import Entry, Mistakes, Snapshot
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.findings import models_in
from softswitch.store.errors import StoreError
from tests.live.conftest import Place


def add(plural: str, /, **body: Any) -> EntryChange:
    return EntryChange(action=Action.ADD, kind=BY_PLURAL[plural], body=body)


def to(action: Action, plural: str, entry: str, /, *, etag: str = "", **body: Any) -> EntryChange:
    expected = frozenset({etag}) if etag else None
    kind = BY_PLURAL[plural]
    return EntryChange(action=action, kind=kind, name=entry, body=body, expected=expected)


def stored(live: LiveSettings, plural: str, name: str) -> Entry:
    return live.now.entries[plural][name]


EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "extensions": {"number": "1005", "password": "s3cret", "name": "Eva"},
    "trunks": {"name": "second", "host": "192.0.2.9", "username": "u", "password": "s3cret"},
    "routes": {"number": "9*", "to": "trunk:carrier"},
    "calendars": {"name": "office", "hours": ["mon-fri 08:00-17:00"]},
    "budgets": {"name": "day", "per": "extension", "calls": 50},
    "addressbooks": {"name": "office", "contacts": [{"name": "Eva", "phone": "1000"}]},
    "lamp_lists": {"name": "reception", "extensions": ["1000"]},
    "prompts": {"name": "closed", "text": "We are closed."},
    "users": {"username": "bob", "password": "s3cret"},
}


@pytest.mark.parametrize("plural", [kind.plural for kind in ENTRY_KINDS])
async def test_every_kind_is_added_kept_changed_and_removed(place: Place, plural: str) -> None:
    kind, body = BY_PLURAL[plural], EXAMPLES[plural]
    live = await place.open()
    before = len(kind.of(live.now.settings))
    [entry] = await live.change([add(plural, **body)], "admin")
    assert entry is not None
    assert (entry.version, entry.changed_by) == (1, "admin")
    live = await place.open()
    again = stored(live, plural, entry.name)
    assert again == entry
    assert len(kind.of(live.now.settings)) == before + 1
    name, value = list(body.items())[-1]
    await live.change([to(Action.CHANGE, plural, entry.name, **{name: value})], "bob")
    live = await place.open()
    again = stored(live, plural, entry.name)
    assert (again.version, again.changed_by) == (2, "bob")
    await live.change([to(Action.REMOVE, plural, entry.name)], "bob")
    live = await place.open()
    assert entry.name not in live.now.entries[plural]
    assert len(kind.of(live.now.settings)) == before


@pytest.mark.parametrize("plural", [kind.plural for kind in ENTRY_KINDS])
async def test_no_secret_is_shown_or_printed(place: Place, plural: str) -> None:
    live = await place.open()
    [entry] = await live.change([add(plural, **EXAMPLES[plural])], "admin")
    assert entry is not None
    told = repr(
        (entry, shown(entry.model), shown(entry.model, entry.body), etag_of(entry), live.now)
    )
    assert "s3cret" not in told
    assert "pw-admin" not in told
    assert "pw1000" not in told


async def test_what_came_as_a_text_is_kept_as_what_it_is(place: Place) -> None:
    """Terminals and tables of users know texts only."""
    typed = {"ring_time": "20", "forward_after": "2.5", "max_calls": "2", "do_not_disturb": "true"}
    texts = {"number": "1005", "name": "20", "password": "30", "speed_dials": {"1": "40"}}
    live = await place.open()
    await live.change([add("extensions", **texts, **typed)], "admin")
    kept = {"ring_time": 20, "forward_after": 2.5, "max_calls": 2, "do_not_disturb": True}
    assert stored(live, "extensions", "1005").body == {**texts, **kept}
    change = to(Action.CHANGE, "extensions", "1005", ring_time="25")
    await live.change([change], "admin")
    members = ["1000", {"number": "1005", "delay": "5"}]
    await live.change([add("extensions", number="700", type="group", members=members)], "admin")
    live = await place.open()
    assert stored(live, "extensions", "1005").body == {**texts, **kept, "ring_time": 25}
    told, _ = shown(
        *(getattr(stored(live, "extensions", "700"), each) for each in ("model", "body"))
    )
    assert told["members"] == ["1000", {"number": "1005", "delay": 5}]


async def test_what_the_file_says_is_fixed(live: LiveSettings) -> None:
    with pytest.raises(EntryFixed, match=r"extension 1000 is fixed in softswitch\.toml"):
        await live.change([to(Action.CHANGE, "extensions", "1000", name="X")], "admin")
    with pytest.raises(EntryFixed):
        await live.change([to(Action.REMOVE, "trunks", "carrier")], "admin")
    with pytest.raises(EntryExists, match="fixed in"):
        await live.change([add("extensions", number="1000")], "admin")
    with pytest.raises(NoSuchEntry):
        await live.change([to(Action.REMOVE, "extensions", "1999")], "admin")


async def test_one_mistake_and_nothing_has_changed(place: Place) -> None:
    live = await place.open()
    before = live.now
    changes = [
        add("extensions", number="1005"),
        add("extensions", number="10 06"),
        add("extensions", number="1007", ring_time=-1, colour="red"),
        add("trunks", name="x"),
    ]
    with pytest.raises(Mistakes) as refused:
        await live.change(changes, "admin")
    assert [(each.change, str(each)) for each in refused.value.found] == [
        (1, "extension 10 06: number: expected 1 to 64 letters, digits or _ . + * # -"),
        (2, "extension 1007: ring_time: expected more than 0"),
        (2, next(str(each) for each in refused.value.found if "colour" in each.where)),
        (3, "trunk x: host: missing, expected a value"),
    ]
    assert live.now is before
    assert not (await place.open()).now.entries["extensions"]


async def test_entries_must_fit_together_with_the_file(live: LiveSettings) -> None:
    wrong = [
        (add("extensions", number="700", type="group", members=["1999"]), "700: members"),
        (add("extensions", number="2005"), "extension 2005"),
        (add("extensions", range="1000-1001"), "extension 1000-1001"),
        (add("routes", number="1*", to="trunk:nobody"), "route 1*: to"),
    ]
    for change, place in wrong:
        with pytest.raises(Mistakes) as refused:
            await live.change([change], "admin")
        [mistake] = refused.value.found
        assert place in mistake.where
        assert mistake.change == 0
    together = [
        add("extensions", number="700", type="group", members=["1999", "1000"]),
        add("extensions", number="1999"),
    ]
    await live.change(together, "admin")
    with pytest.raises(Mistakes, match="extension 700: members: expected an extension"):
        await live.change([to(Action.REMOVE, "extensions", "1999")], "admin")


async def test_two_operators_and_one_extension(live: LiveSettings) -> None:
    [entry] = await live.change([add("extensions", number="1005")], "ann")
    assert entry is not None
    seen = etag_of(entry)
    changes = [
        live.change([to(Action.CHANGE, "extensions", "1005", etag=seen, name=user)], user)
        for user in ("ann", "bob")
    ]
    first, second = await asyncio.gather(*changes, return_exceptions=True)
    assert not isinstance(first, BaseException)
    assert isinstance(second, EntryOutdated)
    assert str(second).startswith("ann has changed extension 1005 meanwhile")
    assert stored(live, "extensions", "1005").body["name"] == "ann"


async def test_a_replacement_keeps_the_secret_that_it_does_not_name(live: LiveSettings) -> None:
    body = EXAMPLES["extensions"]
    await live.change([add("extensions", **body)], "admin")
    await live.change([to(Action.REPLACE, "extensions", "1005", number="1005")], "admin")
    assert stored(live, "extensions", "1005").body == {"number": "1005", "password": "s3cret"}
    await live.change([to(Action.CHANGE, "extensions", "1005", password=None)], "admin")
    assert stored(live, "extensions", "1005").body == {"number": "1005"}
    assert live.now.passwords.phones["1005"] not in ("s3cret", "")


async def test_names_stay_and_files_are_for_the_settings_file(live: LiveSettings) -> None:
    await live.change([add("extensions", number="1005")], "admin")
    with pytest.raises(Mistakes, match="number: expected the same"):
        await live.change([to(Action.CHANGE, "extensions", "1005", number="1006")], "admin")
    with pytest.raises(Mistakes, match="files are for the settings file"):
        await live.change([add("extensions", number="7", password_file="/etc/hostname")], "x")


async def test_routes_stand_where_they_were_put(place: Place) -> None:
    live = await place.open()

    def route(prefix: str, position: int | None = None) -> EntryChange:
        body = {"number": "0*", "to": "trunk:carrier", "prefix": prefix}
        kind = BY_PLURAL["routes"]
        return EntryChange(action=Action.ADD, kind=kind, body=body, position=position)

    await live.change([route("1"), route("2", -1), route("3"), route("4", -2)], "admin")
    live = await place.open()
    assert [each.prefix for each in live.now.settings.routes] == ["4", "2", "", "1", "3"]
    assert list(live.now.entries["routes"]) == ["0*~5", "0*~3", "0*~2", "0*~4"]


async def test_parts_take_a_change_only_once_it_is_on_disk(
    live: LiveSettings, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[int, int]] = []

    def taker(before: Snapshot, after: Snapshot) -> Any:
        sizes = len(before.settings.extensions), len(after.settings.extensions)
        return lambda: taken.append(sizes)

    live.tell(taker)
    await live.change([add("extensions", number="1005")], "admin")
    assert taken == [(3, 4)]

    def refuse(*changes: object) -> Any:
        raise StoreError("the disk is full")

    assert place.store is not None
    monkeypatch.setattr(type(place.store), "write", lambda store, *changes: refuse(*changes))
    with pytest.raises(StoreError):
        await live.change([add("extensions", number="1006")], "admin")
    assert taken == [(3, 4)]
    assert live.now.find(BY_PLURAL["extensions"], "1006") is None


async def test_where_one_part_fails_the_others_take_the_change(live: LiveSettings) -> None:
    taken: list[str] = []

    def fail() -> None:
        raise RuntimeError("a mistake of ours")

    async def fail_later() -> None:
        raise StoreError("the disk is full")

    async def write() -> None:
        taken.append("written")

    takes: list[Take] = [fail, fail_later, lambda: taken.append("taken"), write]
    live.tell(*(lambda before, after, take=take: take for take in takes))
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        await live.change([add("extensions", number="1005")], "admin")
    assert taken == ["taken", "written"]
    assert "1005" in live.now.passwords.phones


# -- reload ----------------------------------------------------------------------------------------


async def test_a_reload_takes_what_the_file_says_now(live: LiveSettings, place: Place) -> None:
    await live.change([add("extensions", number="1005")], "admin")
    same = live.now.settings.extensions[2]
    place.write('"1000"', '"1010"')
    place.write('range = "2000-2009"', 'range = "2000-2009"\nring_time = 9')
    place.write("[storage]", "[sip]\nring_time = 7\n[storage]")
    report = await live.reload()
    assert report.entries == {"extensions": EntriesCounted(added=1, changed=1, removed=1)}
    assert report.after_restart == ("sip.ring_time",)
    numbers = [each.number for each in live.now.settings.extensions]
    assert numbers == ["1010", None, "600", "1005"]
    assert live.now.settings.extensions[2] is same, "what has not changed is the same object"
    assert "1010" in live.now.passwords.phones
    assert (await live.reload()).entries == {}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[storage]", "[storage", r":2:9: expected \]"),
        ('type = "echo"', 'type = "echos"', r"extensions #3 \(number 600\): expected type to be"),
        (
            "trunk:carrier",
            "trunk:nobody",
            r"routes #1.to \(number 0\*\): expected the name of a trunk",
        ),
        ('"1000"', '"1005"', "extension 1005: is in softswitch.toml and among what admin added"),
        ('number = "1000"', 'number = "1001"', "extension 700: members: expected an extension"),
        ('password = "pw1000"', "password = 7", r"extensions #1.password \(number 1000\)"),
    ],
)
async def test_a_broken_file_is_refused_with_its_lines(
    live: LiveSettings, place: Place, old: str, new: str, line: str
) -> None:
    group = add("extensions", number="700", type="group", members=["1000", "1005"])
    await live.change([add("extensions", number="1005"), group], "admin")
    before = live.now
    place.write(old, new)
    with pytest.raises(Mistakes, match=line):
        await live.reload()
    assert live.now is before
    place.write(new, old)
    assert (await live.reload()).entries == {}


async def test_all_lines_of_a_broken_file_are_told(live: LiveSettings, place: Place) -> None:
    place.write('type = "echo"', 'type = "echo"\ncolour = "red"\nnumbr = "1"')
    place.write('host = "192', 'hots = "192')
    with pytest.raises(Mistakes) as refused:
        await live.reload()
    assert len(refused.value.found) == 4


# -- start -----------------------------------------------------------------------------------------


async def test_a_start_leaves_out_what_no_longer_fits(place: Place) -> None:
    live = await place.open()
    changes = [
        add("extensions", number="1005"),
        add("extensions", number="700", type="group", members=["1000"]),
        add("extensions", number="701", type="group", members=["700"]),
        add("extensions", number="1006"),
    ]
    await live.change(changes, "admin")
    place.write('"1000"', '"1006"')
    live = await place.open()
    assert list(live.now.entries["extensions"]) == ["1005"]
    place.write('"1006"', '"1000"')
    live = await place.open()
    assert set(live.now.entries["extensions"]) == {"1005", "700", "701", "1006"}


async def test_where_the_file_names_no_user_the_first_one_stays(place: Place) -> None:
    place.write('[[http.users]]\nusername = "admin"\npassword = "pw-admin"\n', "")
    live = await place.open()
    first = live.now.passwords.http["admin"]
    await live.change([add("users", username="bob", password="s3cret")], "admin")
    assert live.now.passwords.http == {"admin": first, "bob": "s3cret"}
    assert isinstance(live.now.settings.extensions[0], PhoneExtension)


def test_every_secret_of_an_entry_is_marked_as_one() -> None:
    """What is not marked by `repr=False` would be shown."""

    def unmarked(model: type[BaseModel]) -> Iterator[str]:
        for name, field in model.model_fields.items():
            is_secret = any(word in name for word in ("password", "pin", "secret", "passcode"))
            is_text = "str" in str(field.annotation)
            if is_secret and is_text and field.repr and not name.endswith(("_file", "_prompt")):
                yield f"{model.__name__}.{name}"
            for inner in models_in(field.annotation):
                yield from unmarked(inner)

    for kind in ENTRY_KINDS:
        for model in models_in(kind.adapter._type):
            assert list(unmarked(model)) == []
